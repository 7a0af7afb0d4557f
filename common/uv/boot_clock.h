// Time that goes on while the machine sleeps, which Loop::now() does not. Thread: any.
#pragma once

#include "common/base/clock.h"

namespace ingress::uv {

// Since the boot, in milliseconds (CLOCK_BOOTTIME).
Duration boot_time();

}  // namespace ingress::uv
