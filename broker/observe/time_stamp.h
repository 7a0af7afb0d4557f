// The wall clock as text, for logs: what changes once a second is kept. Thread: its owner's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "common/base/clock.h"

namespace ingress::broker {

class TimeStamp {
 public:
  // "2026-11-29T05:00:00.123Z" of a moment that is about now; valid until the next call. The wall clock is asked once a
  // second, the rest is counted.
  std::string_view at(FineTime now);

 private:
  void ask(FineTime now);
  void write_second(int64_t second);

  int64_t wall_minus_monotonic_ns_ = 0;
  FineTime asked_{};
  int64_t second_ = -1;
  char text_[32] = "";
  size_t size_ = 0;
};

}  // namespace ingress::broker
