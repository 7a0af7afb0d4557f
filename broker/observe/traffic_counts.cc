#include "broker/observe/traffic_counts.h"

#include <bit>

namespace ingress::broker {
namespace {

template <size_t N>
void add_each(std::array<uint64_t, N>& to, const std::array<uint64_t, N>& from) {
  for (size_t i = 0; i < N; ++i) to[i] += from[i];
}

size_t index_of(ErrorCode code) {
  const auto index = static_cast<size_t>(code);
  return index < kErrorCodes ? index : static_cast<size_t>(ErrorCode::kInternalError);
}

// By how many bits a number of microseconds has: the first bucket that it can be in. The right one is at most a step or
// two further.
constexpr auto kFirstBucket = [] {
  std::array<uint8_t, 65> first{};
  for (size_t bits = 0; bits < first.size(); ++bits) {
    const uint64_t least = bits == 0 ? 0 : uint64_t{1} << (bits - 1);
    while (first[bits] < Histogram::kBounds.size() &&
           static_cast<uint64_t>(Histogram::kBounds[first[bits]].count()) < least) {
      ++first[bits];
    }
  }
  return first;
}();

}  // namespace

void Histogram::add(Micros time) {
  size_t bucket = kFirstBucket[static_cast<size_t>(std::bit_width(static_cast<uint64_t>(time.count())))];
  while (bucket < kBounds.size() && kBounds[bucket] < time) ++bucket;
  ++counts_[bucket];
  sum_ += time;
}

void Histogram::add(const Histogram& other) {
  add_each(counts_, other.counts_);
  sum_ += other.sum_;
}

StatusClass class_of(int status) {
  return status >= 100 && status < 600 ? static_cast<StatusClass>(status / 100) : StatusClass::kNone;
}

std::string_view name_of(StatusClass status_class) {
  constexpr std::array<std::string_view, kStatusClasses> kNames = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  return kNames[static_cast<size_t>(status_class)];
}

void TrafficCounts::add(const ExchangeRecord& record) {
  RouteCounts& counts = by_route[static_cast<size_t>(record.route_class)];
  ++counts.requests[static_cast<size_t>(class_of(record.status))];
  if (record.error) ++counts.errors[index_of(*record.error)];
  const HopTimes& times = record.times;
  counts.total.add(times.total);
  if (times.policy) counts.policy.add(*times.policy);
  if (times.tunnel) counts.tunnel.add(*times.tunnel - times.policy.value_or(Micros(0)));
  if (!times.first_byte) return;
  counts.origin.add(*times.first_byte - times.tunnel.value_or(Micros(0)));
  first_byte.add(*times.first_byte);
}

void TrafficCounts::add(const TrafficCounts& other) {
  for (size_t i = 0; i < kRouteClasses; ++i) {
    RouteCounts& to = by_route[i];
    const RouteCounts& from = other.by_route[i];
    add_each(to.requests, from.requests);
    add_each(to.errors, from.errors);
    to.total.add(from.total);
    to.policy.add(from.policy);
    to.tunnel.add(from.tunnel);
    to.origin.add(from.origin);
  }
  first_byte.add(other.first_byte);
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
}

}  // namespace ingress::broker
