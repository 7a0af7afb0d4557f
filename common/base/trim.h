// Blanks around text: what RFC 9110 calls optional white space (5.6.3), or more.
#pragma once

#include <string_view>

namespace ingress {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// A view of `text`.
constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The same for any bytes.
constexpr std::string_view trim_any_of(std::string_view text, std::string_view bytes) {
  const size_t begin = text.find_first_not_of(bytes);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(bytes) - begin + 1);
}

}  // namespace ingress
