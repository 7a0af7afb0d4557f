#include "common/tunnel/head_bytes.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace ingress::tunnel {
namespace {

constexpr std::array<uint8_t, 256> make_token_table() {
  std::array<uint8_t, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = 1;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = 1;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = 1;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<size_t>(c)] = 1;
  return table;
}

constexpr std::array<uint8_t, 256> kTokenBytes = make_token_table();

constexpr uint64_t repeat(uint8_t byte) { return byte * 0x0101010101010101ULL; }
constexpr uint64_t has_zero_byte(uint64_t word) { return (word - repeat(0x01)) & ~word & repeat(0x80); }

bool word_is_value(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return (has_zero_byte(word) | has_zero_byte(word ^ repeat('\r')) | has_zero_byte(word ^ repeat('\n'))) == 0;
}

}  // namespace

bool is_token(std::string_view text) {
  uint8_t good = text.empty() ? 0 : 1;
  for (const char c : text) good &= kTokenBytes[static_cast<uint8_t>(c)];
  return good != 0;
}

bool is_target(std::string_view text) {
  bool good = !text.empty();
  for (const char c : text) good &= static_cast<uint8_t>(c) > 0x20 && c != 0x7f;
  return good;
}

bool is_value(std::string_view text) {
  // Eight bytes at a time; the last eight overlap the ones before.
  if (text.size() >= 8) {
    const char* last = text.data() + text.size() - 8;
    for (const char* at = text.data(); at < last; at += 8) {
      if (!word_is_value(at)) return false;
    }
    return word_is_value(last);
  }
  for (const char c : text) {
    if (c == '\0' || c == '\r' || c == '\n') return false;
  }
  return true;
}

}  // namespace ingress::tunnel
