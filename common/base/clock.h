// Time as protocol code sees it: a value passed in, never read from the kernel.
#pragma once

#include <chrono>

namespace ingress {

using Duration = std::chrono::milliseconds;

// Monotonic time since an arbitrary start, in milliseconds. Loops take it once an iteration.
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// The same clock to the nanosecond, asked of the kernel at each call (some 20 ns): to measure by, not to act by.
using FineTime = std::chrono::steady_clock::time_point;
inline FineTime fine_now() { return std::chrono::steady_clock::now(); }

}  // namespace ingress
