// A flat TOML file of settings: keys with a string, a number, a boolean, or an array of these.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "common/cli/values.h"

namespace ingress::cli {

struct FileSetting {
  std::vector<std::string> values;  // as text; one for a plain value
  size_t line = 0;                  // of the file, from 1 on
};
// "FILE, line 3": a place for people.
std::string line_of(const std::string& path, size_t line);

using FileSettings = std::map<std::string, FileSetting>;

// By key. A sentence for a file that can't be read, is no TOML, or holds tables, dates or fractions: it tells the line.
Parsed<FileSettings> read_toml(const std::string& path);

}  // namespace ingress::cli
