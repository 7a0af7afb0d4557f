// Times to live: rows that have one, in Unix seconds; 0 is never.
#pragma once

#include <cstdint>

namespace ingress::broker {

// How long after its time an expired row is still told of (410, design, section 6).
inline constexpr int64_t kExpiredForSeconds = 86400;

inline bool is_over(int64_t expires_at, int64_t now) { return expires_at != 0 && expires_at <= now; }
// It is not even told of any more.
inline bool is_gone(int64_t expires_at, int64_t now) {
  return expires_at != 0 && expires_at + kExpiredForSeconds <= now;
}

}  // namespace ingress::broker
