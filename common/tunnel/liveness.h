// Is the peer still there, and how far away is it: when to send a PING, when silence is the end, and the round trip.
// A PING is answered, for liveness, by any byte that comes after it; for the round trip, by its own PONG.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/clock.h"

namespace ingress::tunnel {

struct SessionLimits;

class Liveness {
 public:
  enum class Verdict : uint8_t { kFine, kPing, kDead };

  // `limits` outlive it. One end asks at ping_idle, the other (`patient`) a quarter later: where both are idle and
  // well, one PING serves both.
  Liveness(const SessionLimits& limits, bool patient, Time now);

  // Bytes came.
  void received(Time now);
  // The peer's kernel has got bytes of ours.
  void acknowledged(Time now) { last_acknowledged_ = now; }
  // A frame was sent that the peer may have to answer.
  void sent() { unanswered_ = true; }
  // A PING is being sent: its number, from 1.
  uint64_t ping(Time now);
  // An OPEN is being sent: is it time to ask along with it?
  bool ping_is_due_before_open(Time now) const;
  // Time has passed.
  Verdict judge(Time now, bool has_streams);
  // A PONG came. False where no such PING was sent. Measures the round trip where it is the latest PING's.
  bool pong(uint64_t number, Time now);

  // A PING was sent, and nothing has come since.
  bool awaiting() const { return awaiting_; }
  uint64_t last_number() const { return number_; }
  Time last_sent_at() const { return sent_at_; }
  Time last_received() const { return last_received_; }
  Duration round_trip() const { return Duration{smoothed_eighths_ / 8}; }
  // The lowest of late, so that queues of our own making don't count as distance. Unknown before the first PONG.
  std::optional<Duration> shortest_round_trip() const;
  // True where the last sample is old, and none is on its way.
  bool wants_sample(Time now) const;

 private:
  const SessionLimits& limits_;
  Time last_received_;
  Time last_judged_;
  Time last_acknowledged_{};
  Time sent_at_{};         // of the latest PING
  Time awaiting_since_{};  // of the first PING that nothing has answered
  Time sampled_at_{};
  uint64_t number_ = 0;
  uint32_t smoothed_eighths_ = 0;  // milliseconds / 8
  uint32_t shortest_eighths_ = 0;
  const bool patient_;
  bool awaiting_ = false;
  bool unanswered_ = false;
  bool sampled_ = false;
  bool sample_under_way_ = false;
};

}  // namespace ingress::tunnel
