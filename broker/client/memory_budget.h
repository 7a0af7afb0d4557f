// Whether the process uses more memory than it may: then no new request is taken on, and what runs goes on. Thread:
// any.
#pragma once

#include <atomic>
#include <cstddef>

namespace ingress::broker {

class MemoryBudget {
 public:
  // 0: no budget.
  explicit MemoryBudget(size_t bytes) : bytes_(bytes) {}

  bool limited() const { return bytes_ > 0; }
  size_t bytes() const { return bytes_; }
  // What the process uses now. True where that changed whether the budget is exceeded, which ends a tenth below it.
  bool note(size_t used_bytes) {
    const bool exceeded = used_bytes > (exceeded_ ? bytes_ - bytes_ / 10 : bytes_);
    return limited() && exceeded_.exchange(exceeded) != exceeded;
  }
  bool exceeded() const { return exceeded_.load(std::memory_order_relaxed); }

 private:
  const size_t bytes_;
  std::atomic<bool> exceeded_{false};
};

}  // namespace ingress::broker
