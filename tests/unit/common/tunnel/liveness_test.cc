#include "common/tunnel/liveness.h"

#include "common/tunnel/session_limits.h"
#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::count_frames;
using test::frame;
using test::Pair;
using test::Recorder;
using test::response;

size_t pings(const test::End& end) { return count_frames(end.sink.out, FrameType::kPing); }

TEST_CASE("an idle session pings after 15 s of silence and not before, and any byte puts it off") {
  Pair pair;
  pair.establish();
  pair.run(14, false);
  CHECK(pings(pair.agent) == 0);
  pair.agent.receive(frame(0xc, kFlagIgnorable, 0, as_bytes("")), pair.now);
  pair.run(14, false);
  CHECK(pings(pair.agent) == 0);
  pair.run(1, false);
  CHECK(pings(pair.agent) == 1);
  pair.run(1, false);
  CHECK(pings(pair.agent) == 1);  // one is enough
}

TEST_CASE("a broker pings an idle agent that did not a quarter later") {
  Pair pair;
  pair.establish();
  pair.run(18, false);
  CHECK(pings(pair.broker) == 0);
  pair.run(1, false);
  CHECK(pings(pair.broker) == 1);
}

TEST_CASE("two idle ends keep each other alive for ever with two frames each 15 s") {
  Pair pair;
  pair.establish();
  const uint64_t before = pair.broker.session.sent_bytes() + pair.agent.session.sent_bytes();
  pair.run(150);
  CHECK(pair.broker.recorder.log.empty());
  CHECK(pair.agent.recorder.log.empty());
  const uint64_t bytes = pair.broker.session.sent_bytes() + pair.agent.session.sent_bytes() - before;
  CHECK(bytes <= 10 * 2 * 17);
}

// Seconds after its PING at which a session with streams is dead, where the peer's kernel acknowledges bytes until
// then.
int dies_after(int acknowledged_until) {
  const SessionLimits limits;
  Liveness liveness(limits, false, Time{});
  liveness.ping(Time{});
  for (int second = 1; second < 60; ++second) {
    const Time now{Duration{second * 1000}};
    if (second <= acknowledged_until) liveness.acknowledged(now);
    if (liveness.judge(now, true) == Liveness::Verdict::kDead) return second;
  }
  return 60;
}

TEST_CASE("a PING may take longer while bytes still arrive, but not for ever") {
  CHECK(dies_after(0) == 3);
  CHECK(dies_after(2) == 5);
  CHECK(dies_after(7) == 10);
  CHECK(dies_after(60) == 15);
}

TEST_CASE("a PING that nothing answers ends an idle session after 15 s") {
  Pair pair;
  pair.establish();
  pair.run(29, false);
  CHECK(pair.agent.recorder.log.empty());
  pair.run(1, false);
  CHECK_FALSE(pair.agent.recorder.log.empty());
  CHECK(pair.broker.recorder.log.empty());
  pair.run(4, false);
  for (test::End* end : {&pair.broker, &pair.agent}) {
    CHECK(end->recorder.log == std::vector<std::string>{"failed the other end is silent"});
    CHECK(end->recorder.failed.code == ErrorCode::kTimeout);
    CHECK(end->recorder.failed.side == Side::kTunnel);
  }
}

TEST_CASE("an OPEN after 2 s of silence brings a PING along, which ends the session after 3 s") {
  Pair pair;
  pair.establish();
  Recorder early, late;
  pair.move_clock(1999);
  pair.open(early);
  CHECK(pings(pair.broker) == 0);
  pair.move_clock(1);
  pair.open(late);
  CHECK(pings(pair.broker) == 1);
  // Judged at the millisecond where ticks come more often.
  for (int i = 0; i < 29; ++i) {
    pair.move_clock(100);
    pair.broker.session.tick(pair.now);
  }
  pair.move_clock(99);
  pair.broker.session.tick(pair.now);
  CHECK(late.closed_calls == 0);
  pair.move_clock(1);
  pair.broker.session.tick(pair.now);
  CHECK(late.closed.code == ErrorCode::kTimeout);
  CHECK(early.closed.code == ErrorCode::kTimeout);
  CHECK(pair.broker.recorder.failed.code == ErrorCode::kTimeout);
}

TEST_CASE("a stream that waits on a line that died after the last answer is noticed within 5 s") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder);  // no silence before: no PING
  CHECK(pings(pair.broker) == 0);
  pair.run(4, false);
  CHECK(recorder.closed_calls == 0);
  pair.run(1, false);
  CHECK(recorder.closed.code == ErrorCode::kTimeout);
}

TEST_CASE("a long poll costs one PING and then those of an idle session") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder);
  pair.pump();
  const uint64_t before = pair.broker.session.sent_bytes();
  pair.run(14);
  CHECK(pair.broker.session.sent_bytes() - before == 17);
  pair.run(60);
  CHECK(recorder.closed_calls == 0);
  CHECK(pair.broker.session.sent_bytes() - before <= 17 * 10);
}

TEST_CASE("any byte answers a PING") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.move_clock(2000);
  pair.open(recorder);
  pair.run(2, false);
  const uint8_t half_a_header[] = {0, 0};
  pair.broker.receive(half_a_header, pair.now);
  pair.run(2, false);
  CHECK(recorder.closed_calls == 0);
}

TEST_CASE("a process that stood still does not blame its peer") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.move_clock(2000);
  pair.open(recorder);
  pair.move_clock(60000);
  pair.broker.session.tick(pair.now);
  CHECK(recorder.closed_calls == 0);
  pair.pump();  // what lay unread
  pair.run(2);
  CHECK(recorder.closed_calls == 0);

  Pair dead;
  dead.establish();
  Recorder waiting;
  dead.move_clock(2000);
  dead.open(waiting);
  dead.move_clock(60000);
  dead.broker.session.tick(dead.now);
  dead.run(1, false);
  CHECK(waiting.closed.code == ErrorCode::kTimeout);
}

TEST_CASE("the round trip is measured and smoothed, and the owner's PING is answered to the owner alone") {
  Pair pair;
  pair.establish();
  CHECK(pair.broker.session.round_trip() == Duration{0});
  const auto round = [&pair](int milliseconds) {
    pair.broker.session.ping(pair.now);
    pair.deliver(pair.broker, pair.agent);
    pair.move_clock(milliseconds);
    pair.deliver(pair.agent, pair.broker);
  };
  round(80);
  CHECK(pair.broker.session.round_trip() == Duration{80});
  CHECK(pair.broker.recorder.log == std::vector<std::string>{"pong 80"});
  round(160);
  CHECK(pair.broker.session.round_trip() == Duration{90});
  for (int i = 0; i < 100; ++i) round(8);
  CHECK(pair.broker.session.round_trip() <= Duration{9});
  CHECK(pair.agent.recorder.log.empty());
  const size_t lines = pair.broker.recorder.log.size();
  pair.run(20);  // pings of its own
  CHECK(pair.broker.recorder.log.size() == lines);
}

TEST_CASE("the shortest round trip falls at once and rises slowly") {
  const SessionLimits limits;
  Time now{Duration{1000}};
  Liveness liveness(limits, false, now);
  CHECK_FALSE(liveness.shortest_round_trip().has_value());
  const auto sample = [&liveness, &now](int milliseconds) {
    const uint64_t number = liveness.ping(now);
    now += Duration{milliseconds};
    CHECK(liveness.pong(number, now));
    return liveness.shortest_round_trip()->count();
  };
  CHECK(sample(40) == 40);
  CHECK(sample(10) == 10);
  CHECK(sample(90) == 20);
  CHECK(sample(12) == 12);
}

TEST_CASE("a PONG that nothing asked for is ignored") {
  Pair pair;
  pair.establish();
  pair.broker.session.ping(pair.now);
  for (const std::string& number : {std::string(8, '\0'), std::string(8, '\xff'), std::string(7, '\0') + '\x02'}) {
    pair.broker.receive(frame(FrameType::kPong, 0, 0, number), pair.now);
  }
  CHECK(pair.broker.recorder.log.empty());
  pair.broker.receive(frame(FrameType::kPong, 0, 0, std::string(7, '\0') + '\x01'), pair.now);
  pair.broker.receive(frame(FrameType::kPong, 0, 0, std::string(7, '\0') + '\x01'), pair.now);
  CHECK(pair.broker.recorder.log.size() == 1);
}

TEST_CASE("a peer that pings without reading does not fill the memory with answers") {
  Pair pair;
  pair.establish();
  pair.agent.sink.room_bytes = 0;
  for (char i = 1; i < 100; ++i) pair.agent.receive(frame(FrameType::kPing, 0, 0, std::string(7, '\0') + i), pair.now);
  CHECK(pair.agent.sink.out.empty());
  pair.agent.sink.room_bytes = 100;
  pair.agent.session.on_room();
  REQUIRE(pair.agent.sink.out.size() == 17);
  CHECK(pair.agent.sink.out[16] == 99);
  pair.agent.session.on_room();
  CHECK(pair.agent.sink.out.size() == 17);
}

}  // namespace
}  // namespace ingress::tunnel
