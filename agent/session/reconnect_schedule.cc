#include "agent/session/reconnect_schedule.h"

#include <algorithm>
#include <utility>

namespace ingress::agent {

Duration ReconnectSchedule::between(Duration least, Duration most) {
  return least + Duration{static_cast<long long>(random_() * static_cast<double>((most - least).count()))};
}

void ReconnectSchedule::start_over() {
  in_outage_ = false;
  failures_ = 0;
  short_lives_ = 0;
  cap_ = kYoungCap;
}

void ReconnectSchedule::begin_outage(Time now) {
  // A tunnel that is dialled again while it serves, and lost only then, has ended the outage before as well.
  if (std::exchange(up_, false) && now - up_since_ >= kShortLife) start_over();
  if (in_outage_) return;
  in_outage_ = true;
  outage_since_ = now;
}

Duration ReconnectSchedule::after_loss(Time now, Duration spread) {
  const bool short_lived = now - up_since_ < kShortLife;
  if (!short_lived) start_over();
  begin_outage(now);
  const Duration pause = between(Duration{0}, spread);
  if (!short_lived || ++short_lives_ == 1) return pause;
  return std::max(pause, after_failure(now));
}

Duration ReconnectSchedule::after_failure(Time now) {
  begin_outage(now);
  ++failures_;
  if (now - outage_since_ >= kYoungOutage) cap_ = std::min(cap_ * 2, kOldCap);
  return between(kLeastWait, cap_);
}

Duration ReconnectSchedule::after_refusal(Time now, Refusal refusal, Duration retry_after) {
  const Duration backoff = after_failure(now);
  const Duration asked = std::min(retry_after, kMostRetryAfter);
  switch (refusal) {
    case Refusal::kTemporary:
      // Jitter on top of what was asked for, so that a fleet that was turned away does not come back as one.
      return asked + backoff;
    case Refusal::kDuplicate:
      return between(kDuplicateLeast, kDuplicateMost);
    case Refusal::kPermanent:
      break;
  }
  return std::max(asked, between(kPermanentWait - kPermanentJitter, kPermanentWait + kPermanentJitter));
}

}  // namespace ingress::agent
