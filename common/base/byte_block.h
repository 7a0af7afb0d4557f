// Sixteen bytes at a time: tests over the bytes of texts that lie anywhere, without a read beyond their ends. The
// compiler makes vector instructions of them, whatever the processor.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace ingress {

// Of bytes, or of a test's results: 0xff where it holds, else 0.
using ByteBlock [[gnu::vector_size(16)]] = uint8_t;

inline ByteBlock load_block(const void* from) {
  ByteBlock block;
  std::memcpy(&block, from, sizeof block);
  return block;
}

// Every byte of a text of 1 to 16, some of them more than once and in another order.
inline ByteBlock short_block(std::string_view text) {
  using Words [[gnu::vector_size(16)]] = uint64_t;
  const char* const at = text.data();
  const size_t size = text.size();
  Words words{};
  if (size >= 8) {
    uint64_t ends[2];
    std::memcpy(&ends[0], at, 8);
    std::memcpy(&ends[1], at + size - 8, 8);
    words = Words{ends[0], ends[1]};
  } else if (size >= 4) {
    uint32_t ends[2];
    std::memcpy(&ends[0], at, 4);
    std::memcpy(&ends[1], at + size - 4, 4);
    const uint64_t both = uint64_t{ends[1]} << 32 | ends[0];
    words = Words{both, both};
  } else {
    uint8_t bytes[4] = {};
    std::memcpy(bytes, at, 1);
    std::memcpy(bytes + 1, at + size / 2, 1);
    std::memcpy(bytes + 2, at + size - 1, 1);
    bytes[3] = bytes[0];
    uint32_t four;
    std::memcpy(&four, bytes, 4);
    const uint64_t both = uint64_t{four} << 32 | four;
    words = Words{both, both};
  }
  return reinterpret_cast<ByteBlock>(words);
}

inline ByteBlock is_byte(ByteBlock block, uint8_t byte) { return reinterpret_cast<ByteBlock>(block == byte); }

// From `first` to `last`, both among them.
inline ByteBlock in_range(ByteBlock block, uint8_t first, uint8_t last) {
  return reinterpret_cast<ByteBlock>((block - first) <= static_cast<uint8_t>(last - first));
}

// ASCII.
inline ByteBlock is_alphanumeric(ByteBlock block) {
  return in_range(block | 0x20, 'a', 'z') | in_range(block, '0', '9');
}

// A bit for each byte that `test` holds for, the first byte's the lowest.
inline uint32_t bits_of(ByteBlock test) {
#ifdef __SSE2__
  return static_cast<uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(test)));
#else
  uint32_t bits = 0;
  for (size_t i = 0; i < sizeof(ByteBlock); ++i) bits |= static_cast<uint32_t>(test[i] & 1) << i;
  return bits;
#endif
}

// Length of the longest prefix that `test`, of a block, holds for; but the bytes behind the last whole block are left
// to the caller.
template <typename Test>
size_t leading_bytes(std::string_view text, Test test) {
  constexpr uint32_t kEvery = 0xffff;
  size_t size = 0;
  for (; text.size() - size >= sizeof(ByteBlock); size += sizeof(ByteBlock)) {
    const uint32_t others = bits_of(test(load_block(text.data() + size))) ^ kEvery;
    if (others != 0) return size + static_cast<size_t>(std::countr_zero(others));
  }
  return size;
}

// `test`, of a block, holds for every byte of the text. True of an empty one.
template <typename Test>
bool every_byte_of(std::string_view text, Test test) {
  constexpr uint32_t kEvery = 0xffff;
  if (text.empty()) return true;
  if (text.size() <= sizeof(ByteBlock)) return bits_of(test(short_block(text))) == kEvery;
  // The last block overlaps the one before.
  const char* const last = text.data() + text.size() - sizeof(ByteBlock);
  for (const char* at = text.data(); at < last; at += sizeof(ByteBlock)) {
    if (bits_of(test(load_block(at))) != kEvery) return false;
  }
  return bits_of(test(load_block(last))) == kEvery;
}

}  // namespace ingress
