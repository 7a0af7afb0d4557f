// How much a peer of HTTP/2 may do that costs us and brings nothing: buckets that refill with time. Private to
// common/http.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/clock.h"

namespace ingress::http {

class TokenBucket {
 public:
  constexpr TokenBucket(int64_t burst, int64_t per_second) : burst_(burst), per_second_(per_second), tokens_(burst) {}

  // False where none is left.
  bool take(Time now) {
    if (tokens_ == 0) refill(now);
    if (tokens_ == 0) return false;
    if (tokens_ == burst_) filled_at_ = now;
    --tokens_;
    return true;
  }
  // One more, for what the peer may answer.
  void give() { tokens_ = std::min(burst_, tokens_ + 1); }

 private:
  void refill(Time now) {
    const int64_t gained = (now - filled_at_).count() * per_second_ / 1000;
    if (gained == 0) return;
    tokens_ = std::min(burst_, gained);
    filled_at_ = now;
  }

  int64_t burst_;
  int64_t per_second_;
  int64_t tokens_;
  Time filled_at_{};
};

// Streams that the peer gave up as soon as they were open, or had us give up: opening one costs the origin a request.
// One that lived for kLeastLife before (a deadline that passed, a page that was left) took its place among the streams
// that may be open at a time, and no more requests come that way than by waiting for the answers.
inline constexpr Duration kLeastLife{20};
inline constexpr int64_t kResetBurst = 500;
inline constexpr int64_t kResetsPerSecond = 100;
// PING, SETTINGS and PRIORITY frames, and DATA frames without data or end. A client that measures the line sends a PING
// each round trip in which it gets data: each frame of ours that has some brings one back.
inline constexpr int64_t kIdleFrameBurst = 1000;
inline constexpr int64_t kIdleFramesPerSecond = 200;

struct FloodGuard {
  TokenBucket resets{kResetBurst, kResetsPerSecond};
  TokenBucket idle_frames{kIdleFrameBurst, kIdleFramesPerSecond};
};

}  // namespace ingress::http
