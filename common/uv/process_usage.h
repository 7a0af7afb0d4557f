// What this process uses of the machine, for who watches it. Thread: any.
#pragma once

#include <cstddef>

namespace ingress::uv {

struct ProcessUsage {
  double cpu_seconds = 0;  // of all threads, user and system
  size_t resident_bytes = 0;
  size_t virtual_bytes = 0;
  size_t open_descriptors = 0;
  size_t most_descriptors = 0;
  double started_at = 0;  // Unix seconds
};

// Costs some microseconds, and on Linux before 6.2 some tens of nanoseconds for each descriptor.
ProcessUsage process_usage();

}  // namespace ingress::uv
