// Limits of one end of a tunnel, set by its owner.
#pragma once

#include <cstdint>

#include "common/base/clock.h"

namespace ingress::tunnel {

class CreditBudget;

// Ids are never reused; the highest that a frame can carry.
inline constexpr uint32_t kLastStreamId = 0x7fffffff;
// No credit of a stream ever passes this.
inline constexpr uint32_t kMaxCreditBytes = 0x7fffffff;

struct SessionLimits {
  uint32_t initial_window_bytes = 32 * 1024;
  // For an agent's end alone: a stream's first credit is not given by HELLO but by Stream::grant, or along with its
  // head.
  bool grants_late = false;
  uint32_t max_window_bytes = 16 * 1024 * 1024;
  // The sum of credit beyond the initial windows that the bulk streams of this tunnel share.
  uint32_t window_budget_bytes = 16 * 1024 * 1024;
  // The same for all sessions that have it; it outlives them. Null: for this one alone there is none.
  CreditBudget* shared_budget = nullptr;
  uint32_t max_streams = 10000;
  Duration ping_idle{15000};         // PING after this much silence
  Duration ping_busy_timeout{3000};  // a PING unanswered while a stream waits
  Duration ping_idle_timeout{15000};
  Duration ping_before_open{2000};  // an OPEN after this much silence brings a PING along
  // After a GOAWAY that says MIGRATE: how long the session waits for the agent's own before it counts as drained.
  Duration migrate_grace{10000};
  uint32_t last_stream_id = kLastStreamId;  // the session drains when it is used up
};

}  // namespace ingress::tunnel
