#include "broker/client/handshake_rate.h"

#include <algorithm>

#include "broker/admission/client_key.h"

namespace ingress::broker {
namespace {

// Addresses that have all their tokens are forgotten, not oftener than this.
constexpr Duration kSweepInterval{1000};

}  // namespace

double HandshakeRate::tokens_at(const Bucket& bucket, Time now) const {
  const std::chrono::duration<double> passed = now - bucket.filled;
  return std::min(most(), bucket.tokens + passed.count() * per_second_);
}

bool HandshakeRate::take(std::string_view ip, Time now) {
  std::string key = client_key(ip);
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMostAddresses) forget_full(now);
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMostAddresses) return true;
    found = buckets_.emplace(std::move(key), Bucket{most(), now}).first;
  }
  Bucket& bucket = found->second;
  bucket = {tokens_at(bucket, now), now};
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void HandshakeRate::forget_full(Time now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweepInterval;
  std::erase_if(buckets_, [this, now](const auto& entry) { return tokens_at(entry.second, now) >= most(); });
}

size_t HandshakeRate::remembered() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace ingress::broker
