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

#if TOML11_VERSION_MAJOR >= 4
size_t line_of(const toml::source_location& place) { return place.first_line_number(); }
std::string line_text(const toml::source_location& place) { return place.num_lines() == 0 ? "" : place.first_line(); }
const toml::source_location* place_of(const toml::syntax_error& error) {
  if (error.errors().empty() || error.errors().front().locations().empty()) return nullptr;
  return &error.errors().front().locations().front().first;
}
using SyntaxError = toml::syntax_error;
#else
size_t line_of(const toml::source_location& place) { return place.line(); }
std::string line_text(const toml::source_location& place) { return place.line_str(); }
const toml::source_location* place_of(const toml::exception& error) { return &error.location(); }
using SyntaxError = toml::exception;
#endif

}  // namespace

size_t line_of(const toml::value& value) { return line_of(value.location()); }

Parsed<toml::value> parse_toml(const std::string& text, const std::string& path) {
  try {
    std::istringstream stream(text);
    return toml::parse(stream, path);
  } catch (const SyntaxError& error) {
    const toml::source_location* const place = place_of(error);
    const std::string file = place == nullptr ? path : line_of(path, line_of(*place));
    std::string sentence = file + " is not TOML: " + complaint_of(error.what());
    const std::string line = place == nullptr ? "" : line_text(*place);
    const std::string_view key = key_of(line);
    if (!key.empty()) sentence = std::string(key).append(" in ").append(sentence);
    return tl::unexpected(sentence);
  } catch (const std::exception& error) {
    return tl::unexpected(path + " is not TOML: " + complaint_of(error.what()));
  }
}

}  // namespace ingress::cli
