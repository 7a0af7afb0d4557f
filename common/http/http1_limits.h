// How much of a head the HTTP/1.1 readers take.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingress::http {

// 1xx heads that may come before a response's final one.
inline constexpr uint8_t kMostInterimHeads = 64;

struct ReaderLimits {
  size_t head_bytes = size_t{64} * 1024;  // request line or status line, all fields (trailers are counted alike)
  uint32_t field_count = 256;
  bool connect = false;  // CONNECT is read, too; else it is an error
};

// Of an origin's answers: as much as a tunnel carries.
inline constexpr ReaderLimits kAnswerLimits{.head_bytes = size_t{128} * 1024, .field_count = 2048};

}  // namespace ingress::http
