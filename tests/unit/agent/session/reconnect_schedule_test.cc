#include "agent/session/reconnect_schedule.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ingress;
using namespace ingress::agent;

namespace {

Time at(long long ms) { return Time(Duration(ms)); }

ReconnectSchedule with(double fixed) {
  return ReconnectSchedule([fixed] { return fixed; });
}

constexpr double kAlmostOne = 0.999999;

}  // namespace

TEST_CASE("a lost tunnel is dialled at once, or within the spread that the broker asked for") {
  CHECK(with(kAlmostOne).after_loss(at(0), Duration{0}) == Duration{0});
  CHECK(with(0.5).after_loss(at(0), Duration{4000}) == Duration{2000});
  CHECK(with(0).after_loss(at(0), Duration{4000}) == Duration{0});
}

TEST_CASE("in the first minute of an outage no wait is over 200 ms, however many attempts fail") {
  ReconnectSchedule schedule = with(kAlmostOne);
  schedule.up(at(-10000));
  schedule.after_loss(at(1000), Duration{0});
  for (long long t = 1000; t < 61000; t += 100) CHECK(schedule.after_failure(at(t)) <= Duration{200});
}

TEST_CASE("after a minute the cap doubles with every attempt and stays at 15 s") {
  ReconnectSchedule schedule = with(kAlmostOne);
  schedule.after_loss(at(0), Duration{0});
  Duration last{200};
  for (const long long expected : {400, 800, 1600, 3200, 6400, 12800, 15000, 15000}) {
    const Duration wait = schedule.after_failure(at(60000));
    CHECK(wait <= Duration{expected});
    CHECK(wait >= Duration{expected - 1});
    CHECK(wait >= last - Duration{1});
    last = wait;
  }
  for (int i = 0; i < 100000; ++i) schedule.after_failure(at(60000 + i));
  CHECK(schedule.after_failure(at(1000000)) <= Duration{15000});
}

TEST_CASE("jitter is full and never spins") {
  ReconnectSchedule schedule = with(0);
  CHECK(schedule.after_failure(at(0)) == ReconnectSchedule::kLeastWait);
}

TEST_CASE("a tunnel that was up starts the next outage from scratch") {
  ReconnectSchedule schedule = with(kAlmostOne);
  for (int i = 0; i < 10; ++i) schedule.after_failure(at(i * int64_t{20000}));
  CHECK(schedule.failures() == 10);
  schedule.up(at(400000));
  CHECK(schedule.after_loss(at(500000), Duration{0}) == Duration{0});
  CHECK(schedule.failures() == 0);
  CHECK(schedule.after_failure(at(500001)) <= Duration{200});
}

TEST_CASE("a tunnel that is lost while it is dialled again, so that no loss is told, starts from scratch too") {
  ReconnectSchedule schedule = with(kAlmostOne);
  for (int i = 0; i < 12; ++i) schedule.after_failure(at(i * int64_t{20000}));
  schedule.up(at(240000));
  constexpr long long kLater = 240000 + 5 * 86400000LL;
  for (long long t = kLater; t < kLater + 60000; t += 100) CHECK(schedule.after_failure(at(t)) <= Duration{200});
  CHECK(schedule.failures() == 600);
}

TEST_CASE("a tunnel that lived shortly leaves an old outage as it was") {
  ReconnectSchedule schedule = with(kAlmostOne);
  for (int i = 0; i < 12; ++i) schedule.after_failure(at(i * int64_t{20000}));
  schedule.up(at(240000));
  schedule.after_loss(at(240010), Duration{0});
  CHECK(schedule.after_failure(at(250000)) > Duration{14000});
}

TEST_CASE("a tunnel that never lives is not dialled without a pause") {
  ReconnectSchedule schedule = with(kAlmostOne);
  schedule.up(at(0));
  CHECK(schedule.after_loss(at(10), Duration{0}) == Duration{0});
  for (long long t = 1000; t < 50000; t += 1000) {
    schedule.up(at(t));
    const Duration wait = schedule.after_loss(at(t + 10), Duration{0});
    CHECK(wait > Duration{100});
    CHECK(wait <= Duration{200});
  }
  schedule.up(at(100000));
  CHECK(schedule.after_loss(at(200000), Duration{0}) == Duration{0});
  schedule.up(at(200100));
  CHECK(schedule.after_loss(at(200200), Duration{0}) == Duration{0});
}

TEST_CASE("a permanent refusal slows the retry to a minute, with jitter") {
  CHECK(with(0).after_refusal(at(0), Refusal::kPermanent, Duration{0}) == Duration{45000});
  CHECK(with(0.5).after_refusal(at(0), Refusal::kPermanent, Duration{0}) == Duration{60000});
  CHECK(with(0).after_refusal(at(0), Refusal::kPermanent, Duration{120000}) == Duration{120000});
}

TEST_CASE("a duplicate backs off between one and fifteen seconds") {
  CHECK(with(0).after_refusal(at(0), Refusal::kDuplicate, Duration{5000}) == Duration{1000});
  CHECK(with(kAlmostOne).after_refusal(at(0), Refusal::kDuplicate, Duration{5000}) <= Duration{15000});
  CHECK(with(kAlmostOne).after_refusal(at(0), Refusal::kDuplicate, Duration{5000}) > Duration{14900});
}

TEST_CASE("a temporary refusal waits what was asked for and some more, within reason") {
  const Duration wait = with(0.5).after_refusal(at(0), Refusal::kTemporary, Duration{1000});
  CHECK(wait > Duration{1000});
  CHECK(wait < Duration{1200});
  CHECK(with(0).after_refusal(at(0), Refusal::kTemporary, Duration{99999999}) <= Duration{301000});
}
