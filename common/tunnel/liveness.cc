#include "common/tunnel/liveness.h"

#include <algorithm>

#include "common/tunnel/session_limits.h"

namespace ingress::tunnel {
namespace {

// Calls of judge() further apart than this mean that this process stood still (stopped, starved of CPU): the peer's
// bytes may lie unread, and silence is judged only at the next call.
constexpr Duration kStall{2500};
constexpr Duration kSampleAge{10000};

}  // namespace

Liveness::Liveness(const SessionLimits& limits, bool patient, Time now)
    : limits_(limits), last_received_(now), last_judged_(now), patient_(patient) {}

void Liveness::received(Time now) {
  last_received_ = now;
  awaiting_ = false;
  unanswered_ = false;
}

uint64_t Liveness::ping(Time now) {
  if (!awaiting_) awaiting_since_ = now;
  awaiting_ = true;
  sent_at_ = now;
  sample_under_way_ = true;
  return ++number_;
}

bool Liveness::ping_is_due_before_open(Time now) const {
  return !awaiting_ && now - last_received_ >= limits_.ping_before_open;
}

Liveness::Verdict Liveness::judge(Time now, bool has_streams) {
  const bool stalled = now - last_judged_ > kStall;
  last_judged_ = now;
  if (awaiting_) {
    // Behind bytes that still arrive a PING takes its time; a peer that is frozen takes them for a while, too.
    const bool arriving = last_acknowledged_ > awaiting_since_ && now - last_acknowledged_ < limits_.ping_busy_timeout;
    const Duration patience = has_streams && !arriving ? limits_.ping_busy_timeout : limits_.ping_idle_timeout;
    return now - awaiting_since_ >= patience && !stalled ? Verdict::kDead : Verdict::kFine;
  }
  const Duration silence = now - last_received_;
  const Duration idle = patient_ ? limits_.ping_idle + limits_.ping_idle / 4 : limits_.ping_idle;
  if (silence >= idle) return Verdict::kPing;
  // Something was sent and nothing has come since: a stream may be waiting on a dead line.
  if (has_streams && unanswered_ && silence >= limits_.ping_before_open) return Verdict::kPing;
  return Verdict::kFine;
}

bool Liveness::pong(uint64_t number, Time now) {
  if (number == 0 || number > number_) return false;
  if (number != number_ || !sample_under_way_) return true;
  sample_under_way_ = false;
  sampled_at_ = now;
  const auto sample = static_cast<uint32_t>(std::clamp<int64_t>((now - sent_at_).count(), 0, 1 << 24));
  if (!sampled_) {
    smoothed_eighths_ = shortest_eighths_ = sample * 8;
  } else {
    smoothed_eighths_ += sample - smoothed_eighths_ / 8;
    const uint32_t rise = sample * 8 > shortest_eighths_ ? (sample * 8 - shortest_eighths_) / 8 : 0;
    shortest_eighths_ = std::min(sample * 8, shortest_eighths_ + rise);
  }
  sampled_ = true;
  return true;
}

std::optional<Duration> Liveness::shortest_round_trip() const {
  if (!sampled_) return std::nullopt;
  return Duration{shortest_eighths_ / 8};
}

bool Liveness::wants_sample(Time now) const {
  return !sample_under_way_ && (!sampled_ || now - sampled_at_ >= kSampleAge);
}

}  // namespace ingress::tunnel
