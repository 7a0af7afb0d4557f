#include "common/cli/toml_file.h"

#include <toml.hpp>

#include "common/base/read_file.h"
#include "common/cli/toml_parse.h"

namespace ingress::cli {
namespace {

tl::unexpected<std::string> refuse(std::string text) { return tl::unexpected<std::string>(std::move(text)); }

// Text of a plain value; false for a table, array, date or fraction.
bool text_of(const toml::value& value, std::string& text) {
  if (value.is_string()) {
    text = toml::get<std::string>(value);
  } else if (value.is_integer()) {
    text = std::to_string(toml::get<long long>(value));
  } else if (value.is_boolean()) {
    text = toml::get<bool>(value) ? "true" : "false";
  } else {
    return false;
  }
  return true;
}

bool texts_of(const toml::value& value, std::vector<std::string>& texts) {
  if (!value.is_array()) return text_of(value, texts.emplace_back());
  for (const toml::value& item : toml::get<std::vector<toml::value>>(value)) {
    if (!text_of(item, texts.emplace_back())) return false;
  }
  return true;
}

}  // namespace

std::string line_of(const std::string& path, size_t line) { return path + ", line " + std::to_string(line); }

Parsed<FileSettings> read_toml(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return refuse(cannot_read(path, text.error()));
  const Parsed<toml::value> root = parse_toml(*text, path);
  if (!root) return refuse(root.error());
  FileSettings settings;
  for (const auto& [key, value] : root->as_table()) {
    const size_t line = line_of(value);
    const std::string place = " in " + line_of(path, line);
    if (value.is_table()) {
      return refuse(std::string("[").append(key).append("]").append(place).append(": plain keys only, no tables"));
    }
    FileSetting& setting = settings[key];
    setting.line = line;
    if (!texts_of(value, setting.values)) {
      return refuse(
          std::string(key).append(place).append(": not a string, a whole number, a boolean or an array of these"));
    }
  }
  return settings;
}

}  // namespace ingress::cli
