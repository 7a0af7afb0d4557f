#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::End;
using test::frame;
using test::Pair;

std::string serialized(const pb::Hello& hello) { return hello.SerializeAsString(); }

// Gives `bytes` to a fresh broker that waits for HELLO; returns what it wrote down.
std::vector<std::string> broker_gets(const std::vector<uint8_t>& bytes) {
  End broker(Role::kBroker, {}, Time{});
  broker.receive(bytes, Time{});
  return broker.recorder.log;
}

TEST_CASE("HELLO and WELCOME open the session, and carry the limits of both ends") {
  SessionLimits broker_limits;
  broker_limits.max_streams = 2;
  broker_limits.ping_idle = Duration{5000};
  SessionLimits agent_limits;
  agent_limits.initial_window_bytes = 1000;
  Pair pair(broker_limits, agent_limits);
  pb::Hello hello;
  hello.set_machine("mach_1");
  pair.agent.session.send_hello(hello);
  CHECK_FALSE(pair.broker.session.established());
  pair.pump(1);
  CHECK(pair.broker.recorder.log == std::vector<std::string>{"hello mach_1"});
  CHECK_FALSE(pair.broker.session.established());
  pb::Welcome welcome;
  welcome.set_broker("b1");
  pair.broker.session.send_welcome(welcome);
  CHECK(pair.broker.session.established());
  pair.pump(1);
  CHECK(pair.agent.recorder.log == std::vector<std::string>{"welcome b1"});
  CHECK(pair.agent.session.established());

  test::Recorder first, second, third;
  CHECK(pair.open(first, false)->sendable() == 1000);
  CHECK(pair.open(second) != nullptr);
  CHECK(pair.open(third) == nullptr);
  CHECK(pair.why.code == ErrorCode::kOverloaded);
  CHECK(pair.why.retryable);
  pair.pump();
  first.abandon(ResetCode::kCancelled);
  second.abandon(ResetCode::kCancelled);
  pair.pump();
  // The agent pings after 5 s, as WELCOME said.
  pair.move_clock(5000);
  pair.agent.session.tick(pair.now);
  CHECK(test::count_frames(pair.agent.sink.out, FrameType::kPing) == 1);
}

TEST_CASE("REFUSED is told to the agent, and nothing is read after it") {
  Pair pair;
  pair.agent.session.send_hello({});
  pair.pump();
  pb::Refused refused;
  refused.set_message("bad token");
  pair.broker.session.send_refused(refused);
  pair.pump(1);
  CHECK(pair.agent.recorder.log == std::vector<std::string>{"refused bad token"});
  CHECK_FALSE(pair.agent.session.established());
  pair.agent.receive(frame(FrameType::kData, 0, 1, "x"), pair.now);
  pair.broker.receive(frame(FrameType::kData, 0, 1, "x"), pair.now);
  CHECK(pair.agent.recorder.log.size() == 1);
  CHECK(pair.broker.recorder.log.size() == 1);
}

TEST_CASE("a stream cannot be opened before WELCOME") {
  Pair pair;
  test::Recorder recorder;
  CHECK(pair.open(recorder) == nullptr);
  CHECK(pair.why.code == ErrorCode::kMachineUnavailable);
}

TEST_CASE("anything but HELLO at first ends the session") {
  for (const uint8_t type : {0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x9, 0xa}) {
    CAPTURE(type);
    const size_t size = type == 4 || type == 5 ? 4 : 8;
    const std::vector<uint8_t> payload(size);
    const uint32_t id = type < 6 ? 1 : 0;
    CHECK(broker_gets(frame(type, 0, id, payload)) ==
          std::vector<std::string>{"failed frame not allowed in this direction or state"});
  }
  CHECK(broker_gets(frame(FrameType::kHello, 0, 0, "\xff\xff\xff")) ==
        std::vector<std::string>{"failed malformed control message"});
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(broker_gets({text.begin(), text.end()}).front().substr(0, 6) == "failed");
}

TEST_CASE("a second HELLO, and a frame while the first is being checked, end the session") {
  auto bytes = frame(FrameType::kHello, 0, 0, serialized({}));
  const auto twice = frame(FrameType::kHello, 0, 0, serialized({}));
  bytes.insert(bytes.end(), twice.begin(), twice.end());
  CHECK(broker_gets(bytes).back() == "failed frame not allowed in this direction or state");
  Pair pair;
  pair.establish();
  pair.broker.receive(twice, pair.now);
  CHECK(pair.broker.recorder.log.back() == "failed frame not allowed in this direction or state");
}

TEST_CASE("an agent takes nothing before it has sent HELLO, and nothing but an answer after it") {
  End silent(Role::kAgent, {}, Time{});
  silent.receive(frame(FrameType::kWelcome, 0, 0, ""), Time{});
  CHECK(silent.recorder.log.back() == "failed frame not allowed in this direction or state");
  End waiting(Role::kAgent, {}, Time{});
  waiting.session.send_hello({});
  waiting.receive(frame(FrameType::kPing, 0, 0, "12345678"), Time{});
  CHECK(waiting.recorder.log.back() == "failed frame not allowed in this direction or state");
}

TEST_CASE("WELCOME with a version that was not offered, or malformed, ends the session") {
  pb::Welcome welcome;
  welcome.set_version(2);
  for (const std::string& payload : {welcome.SerializeAsString(), std::string(), std::string("\xff\xff")}) {
    End agent(Role::kAgent, {}, Time{});
    agent.session.send_hello({});
    agent.receive(frame(FrameType::kWelcome, 0, 0, payload), Time{});
    CHECK(agent.recorder.failed.code == ErrorCode::kProtocol);
    CHECK_FALSE(agent.session.established());
  }
  End agent(Role::kAgent, {}, Time{});
  agent.session.send_hello({});
  agent.receive(frame(FrameType::kRefused, 0, 0, "\xff\xff"), Time{});
  CHECK(agent.recorder.failed.code == ErrorCode::kProtocol);
}

TEST_CASE("an initial window beyond 2^31 - 1 is refused") {
  pb::Hello hello;
  hello.set_initial_window_bytes(0x80000000U);
  CHECK(broker_gets(frame(FrameType::kHello, 0, 0, serialized(hello))).back() == "failed credit overrun");
}

TEST_CASE("an agent whose HELLO is not answered gives up after the time-out") {
  Pair pair;
  pair.agent.session.send_hello({});
  pair.move_clock(14999);
  pair.agent.session.tick(pair.now);
  CHECK(pair.agent.recorder.log.empty());
  pair.move_clock(1);
  pair.agent.session.tick(pair.now);
  CHECK(pair.agent.recorder.failed.code == ErrorCode::kTimeout);
}

TEST_CASE("a handler may answer from inside on_hello, or lose the session there") {
  Pair pair;
  pair.broker.recorder.hook_hello = [&pair] { pair.broker.session.send_welcome({}); };
  pair.agent.session.send_hello({});
  pair.pump();
  CHECK(pair.agent.session.established());

  Pair refusing;
  refusing.broker.recorder.hook_hello = [&refusing] {
    refusing.broker.session.send_refused({});
    refusing.broker.session.lost(Error{});
  };
  refusing.agent.session.send_hello({});
  refusing.pump();
  CHECK(refusing.agent.recorder.log == std::vector<std::string>{"refused "});
}

TEST_CASE("a breach is named to the peer before the session fails") {
  Pair pair;
  pair.establish();
  pair.broker.receive(frame(0x20, 0, 0, as_bytes("")), pair.now);
  CHECK(pair.broker.recorder.log == std::vector<std::string>{"failed unknown critical frame type"});
  pair.pump();
  CHECK(pair.agent.recorder.log == std::vector<std::string>{"goaway 6", "drained"});
  CHECK(pair.agent.recorder.goaway_message == "unknown critical frame type");
  // Over: nothing is read, written or opened.
  test::Recorder recorder;
  CHECK(pair.open(recorder) == nullptr);
  pair.broker.session.ping(pair.now);
  pair.broker.session.send_goaway({});
  pair.broker.session.tick(pair.now);
  CHECK(pair.broker.sink.out.empty());
}

TEST_CASE("frames of a later version are skipped where they are ignorable") {
  Pair pair;
  pair.establish();
  test::Recorder recorder;
  pair.open(recorder);
  pair.pump();
  const std::vector<uint8_t> event(100000, 1);
  for (const uint8_t type : {0xe, 0x7f}) {
    pair.broker.receive(frame(type, kFlagIgnorable, 0, event), pair.now);
    pair.agent.receive(frame(type, kFlagIgnorable, 1, event), pair.now);
  }
  // Nor is one that is known, in the other direction, more than that.
  pair.broker.receive(frame(FrameType::kConfig, kFlagIgnorable, 0, event), pair.now);
  pair.agent.receive(frame(FrameType::kEvent, kFlagIgnorable, 0, event), pair.now);
  pair.accepted(1).stream->send_head(test::response(200), true);
  pair.pump();
  CHECK(recorder.log == std::vector<std::string>{"head 200 OK end", "closed"});
}

pb::Config some_config() {
  pb::Config config;
  config.set_default_port(3000);
  config.add_other_ports(5432);
  return config;
}

pb::Event some_event() {
  pb::Event event;
  event.mutable_ports()->set_revision(7);
  event.mutable_ports()->add_ports()->set_number(3000);
  return event;
}

TEST_CASE("CONFIG comes to the agent and EVENT to the broker, byte by byte, and both may be skipped") {
  Pair pair;
  pair.establish();
  pair.broker.session.send_config(some_config());
  pair.agent.session.send_event(some_event());
  for (const End* end : {&pair.broker, &pair.agent}) {
    CHECK((read_frame_header(end->sink.out.data()).flags & kFlagIgnorable) != 0);
  }
  pair.pump(1);
  CHECK(pair.agent.recorder.log == std::vector<std::string>{"config 3000 [5432]"});
  CHECK(pair.broker.recorder.log == std::vector<std::string>{"event 7 [3000]"});
}

TEST_CASE("CONFIG or EVENT that is malformed ends the session, and before WELCOME neither is read") {
  Pair pair;
  pair.establish();
  pair.agent.receive(frame(FrameType::kConfig, kFlagIgnorable, 0, "\xff\xff"), pair.now);
  CHECK(pair.agent.recorder.log == std::vector<std::string>{"failed malformed control message"});
  pair.broker.receive(frame(FrameType::kEvent, kFlagIgnorable, 0, "\xff\xff"), pair.now);
  CHECK(pair.broker.recorder.log == std::vector<std::string>{"failed malformed control message"});
  const std::string event = some_event().SerializeAsString();
  CHECK(broker_gets(frame(FrameType::kEvent, kFlagIgnorable, 0, event)).empty());
}

}  // namespace
}  // namespace ingress::tunnel
