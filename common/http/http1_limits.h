// How much of a head the HTTP/1.1 readers take.
#pragma once

#include <cstddef>

namespace ingress::http {

struct ReaderLimits {
  size_t head_bytes = 64 * 1024;  // request line or status line, all fields (trailers are counted alike)
  size_t field_count = 256;
};

}  // namespace ingress::http
