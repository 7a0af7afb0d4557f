// Time as protocol code sees it: a value passed in, never read from the kernel.
#pragma once

#include <chrono>

namespace ingress {

using Duration = std::chrono::milliseconds;

// Monotonic time since an arbitrary start, in milliseconds. Loops take it once an iteration.
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

}  // namespace ingress
