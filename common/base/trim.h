// Blanks around text: what RFC 9110 calls optional white space (5.6.3).
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

}  // namespace ingress
