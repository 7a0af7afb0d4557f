// Eight bytes at a time: lower case, and copies of short texts. Tests over bytes: byte_block.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ingress {

inline uint64_t load_word(const void* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

constexpr uint64_t every_byte(uint8_t byte) { return byte * uint64_t{0x0101010101010101}; }

// The eight bytes with A-Z as a-z.
constexpr uint64_t lower_word(uint64_t word) {
  const uint64_t low = word & every_byte(0x7f);
  const uint64_t upper = (low + every_byte(0x80 - 'A')) ^ (low + every_byte(0x7f - 'Z'));
  return word | ((upper & ~word & every_byte(0x80)) >> 2);
}

// As memcpy, for the short texts that heads are made of: those up to 32 bytes are copied in place, by loads and stores
// that overlap.
inline void copy_short(void* to, const void* from, size_t size) {
  auto* const out = static_cast<uint8_t*>(to);
  const auto* const in = static_cast<const uint8_t*>(from);
  if (size > 32) {
    std::memcpy(out, in, size);
  } else if (size >= 16) {
    const uint64_t words[] = {load_word(in), load_word(in + 8), load_word(in + size - 16), load_word(in + size - 8)};
    std::memcpy(out, words, 16);
    std::memcpy(out + size - 16, words + 2, 16);
  } else if (size >= 8) {
    const uint64_t first = load_word(in);
    const uint64_t last = load_word(in + size - 8);
    std::memcpy(out, &first, 8);
    std::memcpy(out + size - 8, &last, 8);
  } else if (size >= 4) {
    uint32_t first;
    uint32_t last;
    std::memcpy(&first, in, 4);
    std::memcpy(&last, in + size - 4, 4);
    std::memcpy(out, &first, 4);
    std::memcpy(out + size - 4, &last, 4);
  } else if (size > 0) {
    const uint8_t middle = in[size / 2];
    const uint8_t last = in[size - 1];
    out[0] = in[0];
    out[size / 2] = middle;
    out[size - 1] = last;
  }
}

}  // namespace ingress
