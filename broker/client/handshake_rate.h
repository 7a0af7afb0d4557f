// How many TLS handshakes each client address may begin: the dearest thing that a stranger can ask for. A token bucket
// for each address (of IPv6 for each /64), which holds the tokens of two seconds. Thread: any.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/clock.h"

namespace ingress::broker {

class HandshakeRate {
 public:
  // Addresses that are remembered; where more are busy at once, the others may do as they like.
  static constexpr size_t kMostAddresses = 65536;

  explicit HandshakeRate(int per_second) : per_second_(per_second) {}

  // One more handshake of `ip` may begin.
  bool take(std::string_view ip, Time now);
  size_t remembered() const;

 private:
  struct Bucket {
    double tokens = 0;
    Time filled{};  // when `tokens` was right
  };
  double most() const { return 2.0 * per_second_; }
  double tokens_at(const Bucket& bucket, Time now) const;
  void forget_full(Time now);

  const int per_second_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
  Time next_sweep_{};
};

}  // namespace ingress::broker
