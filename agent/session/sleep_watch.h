// Notices that the machine slept: the wall clock went on, the monotonic one did not.
#pragma once

#include <chrono>

#include "common/base/clock.h"

namespace ingress::agent {

class SleepWatch {
 public:
  using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;
  static constexpr Duration kLeastSleep{3000};

  // True where more wall time than monotonic time passed since the last call. A clock that is set forward looks the
  // same, and costs a PING.
  bool slept(Time monotonic, WallTime wall) {
    const bool known = known_;
    const Duration gap = (wall - wall_) - (monotonic - monotonic_);
    known_ = true;
    monotonic_ = monotonic;
    wall_ = wall;
    return known && gap >= kLeastSleep;
  }

 private:
  Time monotonic_{};
  WallTime wall_{};
  bool known_ = false;
};

}  // namespace ingress::agent
