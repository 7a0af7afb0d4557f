// The wall clock as text, for logs: what changes once a second is kept. Thread: its owner's.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/clock.h"

namespace ingress::broker {

class TimeStamp {
 public:
  // "2026-11-29T05:00:00.123Z" of a moment that is about now; valid until the next call. The wall clock is asked once a
  // second, the rest is counted.
  std::string_view at(FineTime now);

 private:
  void begin_second(FineTime now);

  FineTime begin_ = FineTime::max();  // when the second of the text began
  char text_[32] = "";
  size_t size_ = 0;
};

}  // namespace ingress::broker
