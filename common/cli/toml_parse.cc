#include "common/cli/toml_parse.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "common/cli/toml_file.h"

namespace ingress::cli {
namespace {

constexpr std::string_view kKeyCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

// What toml11 says over several lines, with a picture of the place: the first, less the name of its function.
std::string complaint_of(std::string_view what) {
  std::string_view line = what.substr(0, what.find('\n'));
  for (const std::string_view start : {"[error] ", "toml::"}) {
    if (!line.starts_with(start)) continue;
    line.remove_prefix(start.size());
    if (start == "toml::") line.remove_prefix(std::min(line.size(), line.find(": ") + 2));
  }
  while (line.ends_with('.')) line.remove_suffix(1);
  return std::string(line);
}

// "key = ..." → "key"; "" where the line is none.
std::string_view key_of(std::string_view line) {
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
  const std::string_view key = line.substr(0, line.find_first_not_of(kKeyCharacters));
  line.remove_prefix(key.size());
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
  return line.starts_with('=') ? key : std::string_view();
}

}  // namespace

Parsed<toml::value> parse_toml(const std::string& text, const std::string& path) {
  try {
    std::istringstream stream(text);
    return toml::parse(stream, path);
  } catch (const toml::exception& error) {
    const toml::source_location& place = error.location();
    std::string sentence = line_of(path, place.line()) + " is not TOML: " + complaint_of(error.what());
    const std::string_view key = key_of(place.line_str());
    if (!key.empty()) sentence = std::string(key).append(" in ").append(sentence);
    return tl::unexpected(sentence);
  } catch (const std::exception& error) {
    return tl::unexpected(path + " is not TOML: " + complaint_of(error.what()));
  }
}

}  // namespace ingress::cli
