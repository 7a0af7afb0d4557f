// The bytes that soak_origin and soak_client send and expect: byte i of a body is a function of i alone, so that either
// end checks a stream of any length without a copy of it. What is lost, doubled or moved by any distance that is not a
// multiple of the period (a prime above a MiB, so of no frame, record or buffer) is seen, and the length is checked
// besides.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soak {

constexpr size_t kPatternPeriod = 1048583;
constexpr size_t kMostAtOnce = 256 * 1024;

// At least kMostAtOnce bytes of the pattern, from body offset `offset` on.
const char* pattern_at(uint64_t offset);

// Whether `size` (at most kMostAtOnce) bytes are the body's at `offset`.
bool is_pattern(const char* bytes, size_t size, uint64_t offset);

}  // namespace soak
