// Notices that the machine slept: the boot clock went on, the monotonic one did not; or that this process stood still
// for so long that its connections may be dead. Pure.
#pragma once

#include "common/base/clock.h"

namespace ingress::agent {

class SleepWatch {
 public:
  static constexpr Duration kLeastSleep{3000};
  static constexpr Duration kLeastStop{10000};

  // To be called about twice a second. `boot` is the boot clock's time.
  bool slept(Time monotonic, Duration boot) {
    const bool known = known_;
    const Duration passed = monotonic - monotonic_;
    const Duration gap = (boot - boot_) - passed;
    known_ = true;
    monotonic_ = monotonic;
    boot_ = boot;
    return known && (gap >= kLeastSleep || passed >= kLeastStop);
  }

 private:
  Time monotonic_{};
  Duration boot_{};
  bool known_ = false;
};

}  // namespace ingress::agent
