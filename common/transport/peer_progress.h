// Whether the peer of a connection takes what was written to it, however slowly: its kernel acknowledges bytes where
// ours takes none for a long while. Looked at now and then, by somebody who waits for that peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/transport/connection.h"

namespace ingress::transport {

class PeerProgress {
 public:
  // `handed`: how much of what is watched the connection was given so far; what others write behind it does not count.
  // True where that grew since the last look, or the peer took some of it. The first look finds progress where anything
  // is on its way. System calls: one where everything has arrived, else two.
  bool look(const Connection& connection, uint64_t handed) {
    const bool grew = handed != handed_;
    const bool first = std::exchange(handed_, handed) == kNever;
    const size_t waiting = connection.unacknowledged_bytes();
    const size_t waited = std::exchange(waiting_, waiting);
    if (waiting == 0) {
      moving_ = false;
      return grew && !first;
    }
    const uint64_t taken = connection.acknowledged_bytes();
    const uint64_t took = std::exchange(taken_, taken);
    moving_ = taken > took || waiting < waited;
    const bool progress = grew || (moving_ && took < end_);
    if (grew) end_ = taken + waiting;
    return progress;
  }
  // At the last look the peer had taken something, of whomever.
  bool moving() const { return moving_; }

 private:
  static constexpr uint64_t kNever = UINT64_MAX;

  uint64_t handed_ = kNever;  // at the last look, as the others
  uint64_t taken_ = 0;
  size_t waiting_ = 0;
  uint64_t end_ = 0;  // of what is watched, counted as what the peer takes
  bool moving_ = false;
};

}  // namespace ingress::transport
