// TOML by toml11 (3, or 4 as of Debian 13), its complaints as one sentence. Private to common/cli.
#pragma once

#include <cstddef>
#include <string>
#include <toml.hpp>

#include "common/cli/values.h"

namespace ingress::cli {

// `path` is the file's name in the sentence, which tells the line, and the key where the line begins with one. Nothing
// else of the file is in it: that may be a secret.
Parsed<toml::value> parse_toml(const std::string& text, const std::string& path);

// Of the file, from 1 on.
size_t line_of(const toml::value& value);

}  // namespace ingress::cli
