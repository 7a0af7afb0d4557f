#include "broker/client/handshake_rate.h"

#include <arpa/inet.h>

#include <algorithm>

namespace ingress::broker {
namespace {

// Addresses that have all their tokens are forgotten, not oftener than this.
constexpr Duration kSweepInterval{1000};
constexpr size_t kPrefixBytes = 8;

// One customer's network, as a rule.
std::string key_of(std::string_view ip) {
  std::string key(ip);
  in6_addr address{};
  if (inet_pton(AF_INET6, key.c_str(), &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address)) return key;
  return {reinterpret_cast<const char*>(address.s6_addr), kPrefixBytes};
}

}  // namespace

double HandshakeRate::tokens_at(const Bucket& bucket, Time now) const {
  const std::chrono::duration<double> passed = now - bucket.filled;
  return std::min(most(), bucket.tokens + passed.count() * per_second_);
}

bool HandshakeRate::take(std::string_view ip, Time now) {
  std::string key = key_of(ip);
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
