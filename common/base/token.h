// Tokens, of which methods and the names of fields are made (RFC 9110, 5.6.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ingress {

inline constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = true;
  return table;
}();

inline bool is_token_byte(char c) { return kTokenBytes[static_cast<uint8_t>(c)]; }

// Length of the longest prefix that is a token.
size_t token_span(std::string_view text);

// The whole text is one, and not empty.
bool is_token(std::string_view text);

}  // namespace ingress
