#include "common/tunnel/head_bytes.h"

#include <array>
#include <cstdint>

#include "common/base/words.h"

namespace ingress::tunnel {
namespace {

consteval std::array<uint8_t, 256> make_token_table() {
  std::array<uint8_t, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = 1;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = 1;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = 1;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = 1;
  return table;
}

constexpr std::array<uint8_t, 256> kTokenBytes = make_token_table();

bool is_value_byte(char c) { return c != '\0' && c != '\r' && c != '\n'; }

// Eight bytes at a time: NUL, LF and CR are below 14, and of the others hardly any is.
bool word_is_value(const char* from) {
  if (has_byte_below(load_word(from), '\r' + 1) == 0) return true;
  bool good = true;
  for (int i = 0; i < 8; ++i) good &= is_value_byte(from[i]);
  return good;
}

uint8_t token_byte(char c) { return kTokenBytes[static_cast<uint8_t>(c)]; }

}  // namespace

bool is_token(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  uint8_t good = text.empty() ? 0 : 1;
  for (; end - at >= 4; at += 4) good &= token_byte(at[0]) & token_byte(at[1]) & token_byte(at[2]) & token_byte(at[3]);
  for (; at != end; ++at) good &= token_byte(*at);
  return good != 0;
}

bool is_target(std::string_view text) {
  bool good = !text.empty();
  for (const char c : text) good &= static_cast<uint8_t>(c) > 0x20 && c != 0x7f;
  return good;
}

bool is_value(std::string_view text) {
  // The last eight bytes overlap the ones before.
  if (text.size() >= 8) {
    const char* last = text.data() + text.size() - 8;
    for (const char* at = text.data(); at < last; at += 8) {
      if (!word_is_value(at)) return false;
    }
    return word_is_value(last);
  }
  for (const char c : text) {
    if (!is_value_byte(c)) return false;
  }
  return true;
}

}  // namespace ingress::tunnel
