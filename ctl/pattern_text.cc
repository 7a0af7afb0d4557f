#include "ctl/pattern_text.h"

#include <algorithm>
#include <optional>

#include "common/base/hex.h"
#include "common/base/lower_case.h"

namespace ingress::ctl {
namespace {

constexpr std::string_view kQuestionMark = "%3F";

std::string shape_of_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string shape = lower_case(host);
  for (size_t open = shape.find('{'); open != std::string::npos; open = shape.find('{')) {
    const size_t close = shape.find('}', open);
    if (close == std::string::npos) break;
    shape.replace(open, close + 1 - open, "*");
  }
  return shape;
}

// Decoded, but for what would be read as something else.
std::string shape_of_literal(std::string_view segment) {
  std::string shape;
  while (!segment.empty()) {
    const auto decoded = segment.front() == '%' ? from_hex(segment.substr(1, 2)) : std::nullopt;
    const bool encoded = decoded && decoded->size() == 1;
    const char c = encoded ? decoded->front() : segment.front();
    segment.remove_prefix(encoded ? 3 : 1);
    if (std::string_view("%*{}").find(c) != std::string_view::npos) {
      append_percent_encoded(c, shape);
    } else {
      shape.push_back(c);
    }
  }
  return shape;
}

std::string shape_of_path(std::string_view path) {
  std::string shape;
  for (size_t at = path.find_first_not_of('/'); at != std::string_view::npos; at = path.find_first_not_of('/', at)) {
    const std::string_view segment = path.substr(at, path.find('/', at) - at);
    at += segment.size();
    const bool last = path.find_first_not_of('/', at) == std::string_view::npos;
    shape += '/';
    if (segment == "*" && last) {
      shape += '*';
    } else if (segment == "*" || segment.front() == '{') {
      shape += "{}";
    } else {
      shape += shape_of_literal(segment);
    }
  }
  if (shape == "/*") return "";
  return shape.empty() && !path.empty() ? "/" : shape;
}

}  // namespace

std::string pattern_shape(std::string_view pattern) {
  const size_t slash = std::min(pattern.find('/'), pattern.size());
  return shape_of_host(pattern.substr(0, slash)) + shape_of_path(pattern.substr(slash));
}

std::string pattern_as_kept(std::string pattern) {
  for (size_t at = pattern.find(kQuestionMark); at != std::string::npos; at = pattern.find(kQuestionMark, at)) {
    pattern.replace(at, kQuestionMark.size(), "?");
  }
  return pattern;
}

}  // namespace ingress::ctl
