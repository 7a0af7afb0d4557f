// What was served in the last hour, step by step: differences of the loops' counts. Pure; times are passed in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "broker/carrier/loops_view.h"

namespace ingress::broker::admin {

class TrafficHistory {
 public:
  static constexpr size_t kMostSteps = 720;
  static constexpr size_t kBuckets = Histogram::kBounds.size() + 1;

  struct Step {
    int64_t at = 0;  // its end, Unix milliseconds
    int64_t ms = 0;  // how long it was
    // In the step.
    std::array<uint32_t, kStatusClasses> requests{};
    std::array<uint32_t, kBuckets> first_byte{};
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
    // At its end.
    uint32_t open = 0;
    uint32_t parked = 0;
    uint32_t clients = 0;
    uint32_t machines = 0;
    uint32_t tunnels = 0;
  };

  // Called once a step. The first call begins one.
  void take(const std::vector<LoopCounts>& loops, int64_t unix_ms);
  // From the oldest on.
  const std::deque<Step>& steps() const { return steps_; }

 private:
  struct Totals {
    int64_t at = 0;
    std::array<uint64_t, kStatusClasses> requests{};
    std::array<uint64_t, kBuckets> first_byte{};
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
  };
  static Totals totals_of(const std::vector<LoopCounts>& loops, int64_t unix_ms);

  std::optional<Totals> last_;
  std::deque<Step> steps_;
};

}  // namespace ingress::broker::admin
