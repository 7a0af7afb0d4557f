// When a slot dials again. Pure: time and randomness are passed in.
//
// A tunnel that was lost is dialled again at once, or after a random part of the spread that the broker asked for. Then
// full jitter, for ever: while the outage is young (under a minute) up to 200 ms, so that a broker which comes back has
// its tunnels within half a second; after that the cap doubles with every attempt up to 15 s. A tunnel that is lost as
// soon as it is up, twice in a row, counts as an attempt that failed: it must not become a loop without a pause.
#pragma once

#include <functional>

#include "common/base/clock.h"

namespace ingress::agent {

enum class Refusal : uint8_t { kTemporary, kDuplicate, kPermanent };

class ReconnectSchedule {
 public:
  static constexpr Duration kYoungOutage{60000};
  static constexpr Duration kYoungCap{200};
  static constexpr Duration kOldCap{15000};
  static constexpr Duration kLeastWait{20};
  static constexpr Duration kShortLife{2000};
  static constexpr Duration kDuplicateLeast{1000};
  static constexpr Duration kDuplicateMost{15000};
  static constexpr Duration kPermanentWait{60000};
  static constexpr Duration kPermanentJitter{15000};
  static constexpr Duration kMostRetryAfter{300000};

  // `random` gives numbers in [0, 1).
  explicit ReconnectSchedule(std::function<double()> random) : random_(std::move(random)) {}

  // The tunnel serves.
  void up(Time now) {
    up_since_ = now;
    up_ = true;
  }
  // The tunnel was up and is lost: an outage begins, from scratch unless it was short-lived.
  Duration after_loss(Time now, Duration spread);
  // An attempt failed (the first one begins an outage).
  Duration after_failure(Time now);
  // The broker answered REFUSED; `retry_after` is what it asked for at least.
  Duration after_refusal(Time now, Refusal refusal, Duration retry_after);

  // Attempts that failed since the outage began.
  unsigned failures() const { return failures_; }

 private:
  Duration between(Duration least, Duration most);
  void begin_outage(Time now);
  void start_over();

  std::function<double()> random_;
  Time up_since_{};
  bool up_ = false;  // no outage has begun since then
  Time outage_since_{};
  bool in_outage_ = false;
  unsigned failures_ = 0;
  unsigned short_lives_ = 0;  // in a row
  Duration cap_ = kYoungCap;
};

}  // namespace ingress::agent
