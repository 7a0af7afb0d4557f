// When memory that a burst of work left behind is worth giving back. Pure: what the process used is passed in.
//
// Asked every kPeriod. A period is quiet where the process used little of a processor. What the process holds beyond
// the memory that is in use (free heap, pages of code that only a burst ran) is spare; the first quiet period after
// memory was given back tells what of it always comes back, and a later quiet one with kLeastGrowth more than that is
// due. So a storm's memory goes within two periods of its end, and a steady load, small or large, never makes it due
// again and again.
#pragma once

#include <cstddef>
#include <optional>

#include "common/base/clock.h"

namespace ingress {

class IdleMemoryRule {
 public:
  static constexpr Duration kPeriod{5000};
  static constexpr Duration kQuietCpu{100};
  static constexpr size_t kLeastGrowth = size_t{2} << 20;

  // `cpu` is the process's so far. True: give back now.
  bool due(Duration cpu, size_t spare_bytes);

 private:
  Duration cpu_{};
  std::optional<size_t> usual_ = 0;  // none: the next quiet period tells
};

}  // namespace ingress
