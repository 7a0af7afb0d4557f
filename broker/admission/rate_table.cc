#include "broker/admission/rate_table.h"

#include <algorithm>

namespace ingress::broker {
namespace {

constexpr Duration kUnusedFor{60000};
constexpr Duration kSweepRest{1000};
// Where as many run as may: nobody knows when one ends.
constexpr Duration kWaitForStream{1000};

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1000; }
Duration duration_of(double seconds) { return Duration(static_cast<int64_t>(seconds * 1000) + 1); }

}  // namespace

std::optional<Duration> RateBucket::take_request(const RateRule& rule, Time now) {
  const double most = std::max(1.0, rule.burst);
  requests_ = begun_ ? std::min(most, requests_ + seconds(now - requests_at_) * rule.requests_per_second) : most;
  begun_ = true;
  requests_at_ = at_ = now;
  if (rule.requests_per_second <= 0) return std::nullopt;
  if (requests_ < 1) return duration_of((1 - requests_) / rule.requests_per_second);
  requests_ -= 1;
  return std::nullopt;
}

bool RateBucket::take_stream(const RateRule& rule) {
  if (rule.closed || (rule.streams > 0 && streams_ >= rule.streams)) return false;
  ++streams_;
  return true;
}

// A second's worth may pass at once.
Duration RateBucket::take_bytes(uint64_t bytes, uint64_t per_second, Time now) {
  const auto rate = static_cast<double>(per_second);
  bytes_owed_ = std::max(0.0, bytes_owed_ - seconds(now - bytes_at_) * rate) + static_cast<double>(bytes);
  bytes_at_ = at_ = now;
  return bytes_owed_ <= rate ? Duration{0} : duration_of((bytes_owed_ - rate) / rate);
}

RateTable::Taken RateTable::take(const RateRule& rule, const std::string& name, Time now) {
  if (buckets_.size() >= kMostBuckets) forget_unused(now);
  std::shared_ptr<RateBucket>& bucket = buckets_[name];
  if (bucket == nullptr) bucket = std::make_shared<RateBucket>(now);
  if (!bucket->take_stream(rule)) return {nullptr, kWaitForStream};
  auto hold = std::make_unique<RateHold>(bucket, rule.bytes_per_second);
  if (const auto wait = bucket->take_request(rule, now)) return {nullptr, *wait};
  return {std::move(hold), Duration{0}};
}

void RateTable::forget_unused(Time now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweepRest;
  std::erase_if(buckets_, [now](const auto& each) {
    return !each.second->in_use() && each.second->last_used() + kUnusedFor <= now;
  });
  if (buckets_.size() < kMostBuckets) return;
  // A flood of names: clients that hold nothing start anew, but no route and no project.
  const bool all = buckets_.size() >= 4 * kMostBuckets;
  std::erase_if(buckets_, [all](const auto& each) {
    return !each.second->in_use() && (all || each.first.find(kClientMark) != std::string::npos);
  });
}

}  // namespace ingress::broker
