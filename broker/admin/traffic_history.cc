#include "broker/admin/traffic_history.h"

namespace ingress::broker::admin {
namespace {

template <size_t N>
std::array<uint32_t, N> difference(const std::array<uint64_t, N>& before, const std::array<uint64_t, N>& after) {
  std::array<uint32_t, N> result{};
  for (size_t i = 0; i < N; ++i) result[i] = static_cast<uint32_t>(after[i] - before[i]);
  return result;
}

}  // namespace

TrafficHistory::Totals TrafficHistory::totals_of(const std::vector<LoopCounts>& loops, int64_t unix_ms) {
  Totals totals;
  totals.at = unix_ms;
  for (const LoopCounts& loop : loops) {
    for (const RouteCounts& route : loop.traffic.by_route) {
      for (size_t i = 0; i < kStatusClasses; ++i) totals.requests[i] += route.requests[i];
    }
    for (size_t i = 0; i < kBuckets; ++i) totals.first_byte[i] += loop.traffic.first_byte.counts()[i];
    totals.bytes_in += loop.traffic.bytes_in;
    totals.bytes_out += loop.traffic.bytes_out;
  }
  return totals;
}

void TrafficHistory::take(const std::vector<LoopCounts>& loops, int64_t unix_ms) {
  const Totals now = totals_of(loops, unix_ms);
  // Where the clock was set back, the step is of an unknown length.
  if (last_ && now.at > last_->at) {
    Step step{now.at, now.at - last_->at};
    step.requests = difference(last_->requests, now.requests);
    step.first_byte = difference(last_->first_byte, now.first_byte);
    step.bytes_in = now.bytes_in - last_->bytes_in;
    step.bytes_out = now.bytes_out - last_->bytes_out;
    for (const LoopCounts& loop : loops) {
      step.open += static_cast<uint32_t>(loop.exchanges);
      step.parked += static_cast<uint32_t>(loop.parked);
      step.clients += static_cast<uint32_t>(loop.clients);
      step.machines += static_cast<uint32_t>(loop.machines);
      step.tunnels += static_cast<uint32_t>(loop.tunnels);
    }
    steps_.push_back(step);
    if (steps_.size() > kMostSteps) steps_.pop_front();
  }
  last_ = now;
}

}  // namespace ingress::broker::admin
