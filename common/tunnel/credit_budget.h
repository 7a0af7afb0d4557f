// What the sessions of one thread may grant together beyond their streams' initial windows, so that a process is ready
// to hold no more than it has promised to, however many tunnels it has. A session whose bulk streams have as much as is
// still free gets no more, so that those that begin find a part (ReceiveCredit). Thread: one.
#pragma once

#include <cstdint>

namespace ingress::tunnel {

class CreditBudget {
 public:
  explicit CreditBudget(uint64_t most_bytes) : most_bytes_(most_bytes) {}
  CreditBudget(const CreditBudget&) = delete;
  CreditBudget& operator=(const CreditBudget&) = delete;

  void add(uint64_t bytes) { used_bytes_ += bytes; }
  void give_back(uint64_t bytes) { used_bytes_ -= bytes; }
  uint64_t used_bytes() const { return used_bytes_; }
  uint64_t free_bytes() const { return used_bytes_ < most_bytes_ ? most_bytes_ - used_bytes_ : 0; }

 private:
  const uint64_t most_bytes_;
  uint64_t used_bytes_ = 0;
};

}  // namespace ingress::tunnel
