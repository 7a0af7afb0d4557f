// Views of bytes, and the room that a payload keeps before itself.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ingress {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

// Every buffer that bytes are read into keeps this much writable room before its first byte, so that a frame header or
// a chunk header can be written in place before a payload. Code that is handed MutableBytes as a *payload* may
// overwrite the kHeadroomBytes before it: they are headroom, or input that was consumed already.
inline constexpr size_t kHeadroomBytes = 32;

inline Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

inline void put_u16(uint8_t* to, uint32_t value) {
  to[0] = static_cast<uint8_t>(value >> 8);
  to[1] = static_cast<uint8_t>(value);
}
inline void put_u24(uint8_t* to, uint32_t value) {
  to[0] = static_cast<uint8_t>(value >> 16);
  put_u16(to + 1, value);
}
inline void put_u32(uint8_t* to, uint32_t value) {
  put_u16(to, value >> 16);
  put_u16(to + 2, value);
}
inline uint32_t get_u16(const uint8_t* from) { return static_cast<uint32_t>(from[0]) << 8 | from[1]; }
inline uint32_t get_u24(const uint8_t* from) { return static_cast<uint32_t>(from[0]) << 16 | get_u16(from + 1); }
inline uint32_t get_u32(const uint8_t* from) { return get_u16(from) << 16 | get_u16(from + 2); }

}  // namespace ingress
