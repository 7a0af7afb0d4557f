// Whether a stream that is never quiet for long has ended without a word, by how many bytes have come of it until now.
// Few of them count as much as many. Plain value.
#pragma once

#include <cstdint>

#include "common/base/clock.h"

namespace ingress::ctl {

class StreamSilence {
 public:
  StreamSilence(Time now, Duration limit) : limit_(limit), moved_at_(now) {}

  // To be asked again and again, after what has come was read; true, and so for ever, where `bytes` has stood still for
  // the limit.
  bool lasted(int64_t bytes, Time now) {
    if (bytes != bytes_) moved_at_ = now;
    bytes_ = bytes;
    over_ = over_ || now - moved_at_ >= limit_;
    return over_;
  }
  // What lasted() said.
  bool over() const { return over_; }

 private:
  Duration limit_;
  Time moved_at_;
  int64_t bytes_ = 0;
  bool over_ = false;
};

}  // namespace ingress::ctl
