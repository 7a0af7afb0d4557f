#include "common/base/deadline.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <vector>

using ingress::Deadline;
using ingress::DeadlineHandler;
using ingress::DeadlineWheel;
using ingress::Duration;
using ingress::Time;

namespace {

struct Recorder final : DeadlineHandler {
  void on_deadline(Deadline& deadline) override {
    fired.push_back(&deadline);
    if (then) then(deadline);
  }
  std::vector<Deadline*> fired;
  std::function<void(Deadline&)> then;
};

Time at(long long ms) { return Time(Duration(ms)); }

// As a loop does it: every tick.
void advance(DeadlineWheel& wheel, long long from_ms, long long to_ms) {
  for (long long ms = from_ms; ms <= to_ms; ms += DeadlineWheel::kTick.count()) wheel.advance(at(ms));
}

constexpr long long kStart = 5'000'000;

}  // namespace

TEST_CASE("a deadline fires once, not early and at most a tick late") {
  for (const long long after : {0, 1, 99, 100, 101, 5000, 250'000}) {
    CAPTURE(after);
    DeadlineWheel wheel;
    Recorder recorder;
    Deadline deadline(wheel, recorder);
    wheel.advance(at(kStart));
    deadline.arm(at(kStart + after));
    CHECK(wheel.armed() == 1);
    if (after > 0) advance(wheel, kStart, kStart + after - 1);
    CHECK(recorder.fired.empty());
    advance(wheel, kStart + after, kStart + after + 2 * DeadlineWheel::kTick.count());
    CHECK(recorder.fired.size() == 1);
    CHECK_FALSE(deadline.armed());
    CHECK(wheel.armed() == 0);
  }
}

TEST_CASE("a deadline that is moved later fires at the later time only") {
  DeadlineWheel wheel;
  Recorder recorder;
  Deadline deadline(wheel, recorder);
  wheel.advance(at(kStart));
  deadline.arm(at(kStart + 1000));
  for (long long now = kStart; now < kStart + 20'000; now += 100) {
    wheel.advance(at(now));
    deadline.arm(at(now + 1000));
  }
  CHECK(recorder.fired.empty());
  advance(wheel, kStart + 20'000, kStart + 21'200);
  CHECK(recorder.fired.size() == 1);
}

TEST_CASE("a deadline that is moved earlier fires at the earlier time") {
  DeadlineWheel wheel;
  Recorder recorder;
  Deadline deadline(wheel, recorder);
  wheel.advance(at(kStart));
  deadline.arm(at(kStart + 60'000));
  deadline.arm(at(kStart + 500));
  advance(wheel, kStart, kStart + 700);
  CHECK(recorder.fired.size() == 1);
}

TEST_CASE("a cancelled or destroyed deadline does not fire") {
  DeadlineWheel wheel;
  Recorder recorder;
  Deadline cancelled(wheel, recorder);
  auto destroyed = std::make_unique<Deadline>(wheel, recorder);
  cancelled.arm(at(kStart + 100));
  destroyed->arm(at(kStart + 100));
  CHECK(wheel.armed() == 2);
  cancelled.cancel();
  destroyed.reset();
  CHECK(wheel.armed() == 0);
  advance(wheel, kStart, kStart + 1000);
  CHECK(recorder.fired.empty());
}

TEST_CASE("a handler may arm its own deadline again and destroy others that are due") {
  DeadlineWheel wheel;
  Recorder recorder;
  auto first = std::make_unique<Deadline>(wheel, recorder);
  auto second = std::make_unique<Deadline>(wheel, recorder);
  Deadline* const kept = first.get();
  wheel.advance(at(kStart));
  first->arm(at(kStart + 50));
  second->arm(at(kStart + 50));
  recorder.then = [&second, kept](Deadline& deadline) {
    CHECK(&deadline == kept);
    second.reset();
    deadline.arm(at(kStart + 1000));
  };
  advance(wheel, kStart, kStart + 500);
  CHECK(recorder.fired.size() == 1);
  recorder.then = nullptr;
  advance(wheel, kStart + 500, kStart + 1200);
  CHECK(recorder.fired.size() == 2);
  CHECK(wheel.armed() == 0);
}

TEST_CASE("after a long sleep everything that is due fires in one advance") {
  DeadlineWheel wheel;
  Recorder recorder;
  std::vector<std::unique_ptr<Deadline>> deadlines;
  wheel.advance(at(kStart));
  for (int i = 0; i < 300; ++i) {
    deadlines.push_back(std::make_unique<Deadline>(wheel, recorder));
    deadlines.back()->arm(at(kStart + i * int64_t{1000}));
  }
  wheel.advance(at(kStart + 3'600'000));
  CHECK(recorder.fired.size() == 300);
}
