// A flat TOML file of settings: keys with a string, a number, a boolean, or an array of these.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/cli/values.h"

namespace ingress::cli {

// Each key's values as text (one for a plain value). A sentence for a file that can't be read, is no TOML, or holds
// tables, dates or fractions.
Parsed<std::map<std::string, std::vector<std::string>>> read_toml(const std::string& path);

}  // namespace ingress::cli
