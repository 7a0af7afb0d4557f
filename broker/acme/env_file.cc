#include "broker/acme/env_file.h"

#include <algorithm>
#include <utility>

#include "common/base/read_file.h"
#include "common/base/trim.h"

namespace ingress::broker::acme {
namespace {

std::string_view trimmed(std::string_view text) { return trim_any_of(text, " \t\r"); }

bool is_name(std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::all_of(name.begin(), name.end(), good);
}

std::string_view unquoted(std::string_view value) {
  if (value.size() < 2 || (value.front() != '"' && value.front() != '\'') || value.front() != value.back())
    return value;
  return value.substr(1, value.size() - 2);
}

}  // namespace

tl::expected<std::vector<std::string>, std::string> parse_env(std::string_view text) {
  std::vector<std::string> entries;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
      return tl::unexpected("line " + std::to_string(number) + " is not NAME=VALUE");
    }
    entries.push_back(std::string(name) + "=" + std::string(unquoted(trimmed(line.substr(equals + 1)))));
  }
  return entries;
}

tl::expected<std::vector<std::string>, std::string> read_env_file(const std::string& path) {
  if (path.empty()) return std::vector<std::string>();
  const Result<std::string> text = read_file(path);
  if (!text) return tl::unexpected(cannot_read(path, text.error()));
  auto entries = parse_env(*text);
  if (!entries) return tl::unexpected(path + ": " + entries.error());
  return entries;
}

}  // namespace ingress::broker::acme
