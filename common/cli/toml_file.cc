#include "common/cli/toml_file.h"

#include <sstream>
#include <toml.hpp>

#include "common/base/read_file.h"

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

// toml11 explains over several lines with a picture of the place; the first line says it.
std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

}  // namespace

Parsed<std::map<std::string, std::vector<std::string>>> read_toml(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return refuse(cannot_read(path, text.error()));
  std::map<std::string, std::vector<std::string>> settings;
  try {
    std::istringstream stream(*text);
    const toml::value root = toml::parse(stream, path);
    for (const auto& [key, value] : root.as_table()) {
      if (value.is_table())
        return refuse(std::string("[").append(key).append("] in ").append(path).append(": plain keys only, no tables"));
      if (!texts_of(value, settings[key])) {
        return refuse(std::string(key).append(" in ").append(path).append(
            " is not a string, a whole number, a boolean or an array of these"));
      }
    }
  } catch (const std::exception& error) {
    return refuse(path + " is not TOML: " + first_line(error.what()));
  }
  return settings;
}

}  // namespace ingress::cli
