#include "common/base/silence.h"

#include <doctest/doctest.h>

using namespace ingress;

namespace {

Time at(long long ms) { return Time(Duration(ms)); }

// Looks as an exchange does; what it finds moving, if anything, is `moves`.
struct Exchange final : DeadlineHandler {
  void on_deadline(Deadline& passed) override {
    ++looks;
    if (moves) return silence.begin(passed, now, kLimit);
    if (silence.lasted(passed, now, kLimit)) ended_at = now;
  }
  void run(long long to_ms) {
    for (; now < at(to_ms); now += DeadlineWheel::kTick) wheel.advance(now);
  }

  static constexpr Duration kLimit{8000};

  DeadlineWheel wheel;
  Deadline deadline{wheel, *this};
  Silence silence;
  Time now = at(1000);
  Time ended_at{};
  int looks = 0;
  bool moves = false;
};

}  // namespace

TEST_CASE("silence ends what is silent after its limit, and not a look later") {
  Exchange exchange;
  exchange.silence.begin(exchange.deadline, exchange.now, Exchange::kLimit);
  exchange.run(20'000);
  CHECK(exchange.looks == Silence::kLooks);
  CHECK(exchange.ended_at >= at(9000));
  CHECK(exchange.ended_at <= at(9000) + 5 * DeadlineWheel::kTick);
}

TEST_CASE("what is found to move at a look is silent from that look on") {
  Exchange exchange;
  exchange.silence.begin(exchange.deadline, exchange.now, Exchange::kLimit);
  exchange.moves = true;
  exchange.run(60'000);
  CHECK(exchange.ended_at == Time{});
  exchange.moves = false;
  exchange.run(64'000);
  CHECK(exchange.ended_at == Time{});
  exchange.run(80'000);
  CHECK(exchange.ended_at != Time{});
}

TEST_CASE("a limit of less than a tick ends, too") {
  Exchange exchange;
  exchange.silence.begin(exchange.deadline, exchange.now, Duration{1});
  exchange.run(3000);
  CHECK(exchange.ended_at != Time{});
}
