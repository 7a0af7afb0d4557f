// Runs many seeds in processes of their own: one that dies takes its seed with it and no other.
#pragma once

#include <cstdint>
#include <string>

namespace ingress::sim {

struct SeedRange {
  uint64_t first = 1;
  uint64_t count = 1;
};

struct RangeResult {
  uint64_t bad = 0;
  uint64_t first_bad = 0;
};

// `jobs` processes at once. `until_bad`: none is begun after the first one that is not good.
RangeResult run_range(SeedRange range, unsigned jobs, bool until_bad, const std::string& folder);

}  // namespace ingress::sim
