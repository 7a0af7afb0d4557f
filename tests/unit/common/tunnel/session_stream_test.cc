#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::frame;
using test::Pair;
using test::Recorder;
using test::response;
using test::send;
using Log = std::vector<std::string>;

// Gives the broker a frame on stream 1, which a request without a body has opened; returns how that ended.
struct BrokerCase {
  explicit BrokerCase(bool upgrade = false) {
    pair.establish();
    pair.open(recorder, true, "GET", upgrade);
    pair.pump();
  }
  BrokerCase& gets(const std::vector<uint8_t>& bytes) {
    pair.broker.receive(bytes, pair.now);
    return *this;
  }
  std::string failure() const { return pair.broker.recorder.log.empty() ? "" : pair.broker.recorder.log.back(); }
  Pair pair;
  Recorder recorder;
};

std::vector<uint8_t> head_frame(int status, uint8_t flags, uint32_t id = 1) {
  std::vector<uint8_t> payload = {0, 0, 0, 0, 0, 0, 0, 0};
  put_u16(payload.data(), static_cast<uint32_t>(status));
  return frame(FrameType::kHead, flags, id, payload);
}

const char* const kBroken = "failed frame not allowed in the stream's state";

TEST_CASE("a request without a body and its answer") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  Stream* stream = pair.open(recorder);
  REQUIRE(stream != nullptr);
  CHECK(stream->id() == 1);
  CHECK(stream->send_ended());
  CHECK(stream->sendable() == 0);
  pair.pump(1);
  CHECK(pair.agent.recorder.log == Log{"open 0 3000 GET / Host=localhost:3000 end"});
  Stream* served = pair.accepted(1).stream;
  CHECK(served->receive_ended());
  http::ResponseHead head = response(200);
  head.fields = {{"Content-Type", "text/plain"}};
  CHECK(served->send_head(head, false));
  send(served, "hello", false);
  send(served, "", true);
  pair.pump(1);
  CHECK(recorder.log == Log{"head 200 OK Content-Type=text/plain", "data end", "closed"});
  CHECK(recorder.data == "hello");
  CHECK(recorder.closed.code == ErrorCode::kClosed);
  CHECK(pair.broker.session.stream_count() == 0);
  // The agent ended last, by a send: it hears of it at the next turn.
  CHECK(pair.accepted(1).closed_calls == 0);
  pair.agent.session.tick(pair.now);
  CHECK(pair.accepted(1).closed_calls == 1);
  CHECK(pair.accepted(1).closed.code == ErrorCode::kClosed);
  CHECK(pair.agent.session.stream_count() == 0);
}

TEST_CASE("bodies, interim heads and trailers pass in both directions") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder, false, "POST");
  pair.pump();
  Recorder& served = pair.accepted(1);
  served.stream->send_head(response(100, "Continue"), false);
  served.stream->send_head(response(103, "Early Hints"), false);
  pair.pump();
  send(recorder.stream, "body", false);
  recorder.stream->send_trailers({{"X-Sum", "1"}});
  pair.pump(1);
  CHECK(served.data == "body");
  CHECK(served.log == Log{"trailers X-Sum=1"});
  served.stream->send_head(response(200), false);
  send(served.stream, "answer", false);
  served.stream->send_trailers({});
  pair.pump();
  CHECK(recorder.log == Log{"head 100 Continue", "head 103 Early Hints", "head 200 OK", "trailers", "closed"});
  CHECK(recorder.data == "answer");
}

TEST_CASE("an upgraded stream carries opaque bytes, and each side ends for itself") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder, false, "GET", true);
  pair.pump();
  CHECK(pair.agent.recorder.log.front() == "open 0 3000 upgrade GET / Host=localhost:3000");
  Recorder& served = pair.accepted(1);
  served.stream->send_head(response(101, "Switching Protocols"), false);
  pair.pump();
  send(served.stream, "from origin", true);
  pair.pump();
  CHECK(recorder.log == Log{"head 101 Switching Protocols", "data end"});
  CHECK(recorder.stream->receive_ended());
  send(recorder.stream, "still from the client", false);
  send(recorder.stream, "", true);
  pair.pump();
  CHECK(served.data == "still from the client");
  CHECK(served.log == Log{"data end", "closed"});
  CHECK(recorder.closed_calls == 0);
  pair.run(1);
  CHECK(recorder.closed_calls == 1);
}

TEST_CASE("a RESET of the agent tells the broker's owner which hop failed") {
  struct {
    ResetCode code;
    ErrorCode error;
    Side side;
    bool retryable;
    int status;
  } const cases[] = {
      {ResetCode::kCancelled, ErrorCode::kReset, Side::kTunnel, false, 502},
      {ResetCode::kConnectFailed, ErrorCode::kConnectFailed, Side::kOrigin, true, 502},
      {ResetCode::kOriginClosed, ErrorCode::kReset, Side::kOrigin, false, 502},
      {ResetCode::kOriginProtocol, ErrorCode::kProtocol, Side::kOrigin, false, 502},
      {ResetCode::kOriginTimeout, ErrorCode::kTimeout, Side::kOrigin, false, 504},
      {ResetCode::kPortDenied, ErrorCode::kForbidden, Side::kOrigin, false, 403},
      {ResetCode::kHeadTooLarge, ErrorCode::kTooLarge, Side::kOrigin, false, 502},
      {ResetCode::kRefused, ErrorCode::kMachineUnavailable, Side::kTunnel, true, 503},
      {ResetCode::kStopSending, ErrorCode::kReset, Side::kOrigin, false, 502},
      {ResetCode::kInternal, ErrorCode::kProxyError, Side::kTunnel, false, 502},
      {ResetCode::kConnectTimeout, ErrorCode::kTimeout, Side::kOrigin, true, 504},
      {static_cast<ResetCode>(99), ErrorCode::kProxyError, Side::kTunnel, false, 502},
  };
  Pair pair;
  pair.establish();
  for (const auto& expected : cases) {
    CAPTURE(static_cast<int>(expected.code));
    Recorder recorder;
    const uint32_t id = pair.open(recorder)->id();
    pair.pump();
    pair.accepted(id).abandon(expected.code);
    pair.pump();
    CHECK(recorder.closed_calls == 1);
    CHECK(recorder.closed.code == expected.error);
    CHECK(recorder.closed.side == expected.side);
    CHECK(recorder.closed.retryable == expected.retryable);
    CHECK(status_of(recorder.closed) == expected.status);
    CHECK(recorder.code == (static_cast<uint32_t>(expected.code) == 99 ? ResetCode::kInternal : expected.code));
  }
  CHECK(pair.broker.session.stream_count() == 0);
  CHECK(pair.agent.session.stream_count() == 0);
}

TEST_CASE("after a complete answer kStopSending ends the request's side without an error, from either end") {
  for (const bool agent_stops : {true, false}) {
    Pair pair;
    pair.establish();
    Recorder recorder;
    pair.open(recorder, false, "POST");
    pair.pump();
    Recorder& served = pair.accepted(1);
    served.stream->send_head(response(413), true);
    if (agent_stops) {
      served.abandon(ResetCode::kStopSending);
      pair.pump();
      CHECK(recorder.log == Log{"head 413 OK end", "closed"});
      CHECK(recorder.closed.code == ErrorCode::kClosed);
      CHECK(recorder.code == ResetCode::kStopSending);
    } else {
      pair.pump();
      CHECK(recorder.log == Log{"head 413 OK end"});
      recorder.abandon(ResetCode::kStopSending);
      pair.pump();
      CHECK(served.closed_calls == 1);
      CHECK(served.closed.code == ErrorCode::kClosed);
    }
  }
}

TEST_CASE("frames that were under way to a stream that was broken off are dropped, and the session goes on") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder, false, "POST");
  pair.pump();
  Recorder& served = pair.accepted(1);
  served.stream->send_head(response(200), false);
  send(served.stream, "data", false);
  served.stream->send_trailers({});
  send(recorder.stream, "body", false);
  recorder.abandon(ResetCode::kCancelled);
  pair.pump(3);
  CHECK(recorder.log.empty());
  CHECK(served.log == Log{"closed"});
  CHECK(served.data == "body");
  // Late frames of every sort.
  pair.broker.receive(head_frame(200, 0), pair.now);
  pair.broker.receive(frame(FrameType::kData, kFlagEnd, 1, "late"), pair.now);
  pair.broker.receive(frame(FrameType::kWindow, 0, 1, Bytes(std::vector<uint8_t>{0, 0, 1, 0})), pair.now);
  pair.broker.receive(frame(FrameType::kReset, 0, 1, Bytes(std::vector<uint8_t>{0, 0, 0, 0})), pair.now);
  CHECK(pair.broker.recorder.log.empty());
  Recorder next;
  CHECK(pair.open(next)->id() == 2);
}

TEST_CASE("abandoning a stream whose sides are both done sends nothing") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder);
  pair.pump();
  Recorder& served = pair.accepted(1);
  served.stream->send_head(response(204), true);
  pair.deliver(pair.agent, pair.broker);
  served.abandon(ResetCode::kCancelled);
  CHECK(pair.agent.sink.out.empty());
  pair.agent.session.tick(pair.now);
  CHECK(served.closed_calls == 0);
}

TEST_CASE("an agent that takes no streams refuses them") {
  Pair pair;
  pair.establish();
  pair.agent.recorder.refuse = true;
  Recorder recorder;
  pair.open(recorder);
  pair.pump();
  CHECK(recorder.closed.code == ErrorCode::kMachineUnavailable);
  CHECK(recorder.closed.retryable);
  CHECK(pair.agent.session.stream_count() == 0);
}

TEST_CASE("streams beyond the agent's own limit, and of a kind that it does not know, are refused alone") {
  SessionLimits few;
  few.max_streams = 1;
  Pair pair({}, few);
  pair.establish();
  Recorder first, second;
  pair.open(first);
  pair.open(second);
  pair.pump();
  CHECK(first.closed_calls == 0);
  CHECK(second.code == ResetCode::kRefused);
  first.abandon(ResetCode::kCancelled);
  OpenHead head;
  head.kind = static_cast<StreamKind>(7);
  head.port = 1;
  head.request.method = "GET";
  head.request.target = "/";
  Recorder odd;
  pair.broker.session.open(head, true, &odd, pair.now, pair.why);
  pair.pump();
  CHECK(odd.code == ResetCode::kRefused);
  CHECK(pair.agent.recorder.log.size() == 1);
}

TEST_CASE("a probe is answered by a head") {
  Pair pair;
  pair.establish();
  OpenHead head;
  head.kind = StreamKind::kProbe;
  head.port = 22;
  head.request.method = "PROBE";
  head.request.target = "/";
  Recorder recorder;
  pair.broker.session.open(head, true, &recorder, pair.now, pair.why);
  pair.pump();
  CHECK(pair.agent.recorder.log == Log{"open 1 22 PROBE / end"});
  pair.accepted(1).stream->send_head(response(204, ""), true);
  pair.pump();
  CHECK(recorder.log == Log{"head 204  end", "closed"});
}

TEST_CASE("a request head that is too large or holds bad bytes is refused without a frame, and takes no id") {
  Pair pair;
  pair.establish();
  const std::string huge(kMaxHeadBytes, 'x');
  OpenHead head;
  head.port = 80;
  head.request.method = "GET";
  head.request.target = "/";
  head.request.fields = {{"Cookie", huge}};
  Recorder recorder;
  CHECK(pair.broker.session.open(head, true, &recorder, pair.now, pair.why) == nullptr);
  CHECK(pair.why.code == ErrorCode::kHeaderTooLarge);
  CHECK(status_of(pair.why) == 431);
  head.request.fields = {{"Cookie", "a\nb"}};
  CHECK(pair.broker.session.open(head, true, &recorder, pair.now, pair.why) == nullptr);
  CHECK(status_of(pair.why) == 400);
  CHECK(pair.broker.sink.out.empty());
  CHECK(pair.open(recorder)->id() == 1);
}

TEST_CASE("a response head that does not fit breaks its own stream, and both owners hear why") {
  const std::string huge(kMaxHeadBytes, 'x');
  for (const bool too_large : {true, false}) {
    Pair pair;
    pair.establish();
    Recorder recorder;
    pair.open(recorder, false, "POST");
    pair.pump();
    Recorder& served = pair.accepted(1);
    http::ResponseHead head = response(200);
    head.fields = {{"Set-Cookie", too_large ? std::string_view(huge) : "a\rb"}};
    CHECK_FALSE(served.stream->send_head(head, false));
    // An owner that has not noticed goes on; nothing of it is sent.
    send(served.stream, "data", true);
    CHECK_FALSE(served.stream->send_trailers({}));
    CHECK_FALSE(served.stream->send_head(response(200), true));
    CHECK(served.stream->sendable() == 0);
    served.stream->consumed(0);
    const ResetCode code = too_large ? ResetCode::kHeadTooLarge : ResetCode::kOriginProtocol;
    CHECK(pair.agent.sink.out.size() == kFrameHeaderBytes + 4);
    CHECK(served.closed_calls == 0);
    pair.pump();
    CHECK(recorder.code == code);
    CHECK(status_of(recorder.closed) == 502);
    pair.agent.session.tick(pair.now);
    CHECK(served.code == code);
    CHECK(served.closed.side == Side::kOrigin);
    CHECK(pair.agent.session.stream_count() == 0);
  }
}

TEST_CASE("trailers that do not fit break their own stream") {
  const std::string huge(kMaxHeadBytes, 'x');
  Pair pair;
  pair.establish();
  Recorder first, second;
  pair.open(first, false, "POST");
  pair.open(second, false, "POST");
  CHECK_FALSE(first.stream->send_trailers({{"A", huge}}));
  CHECK_FALSE(second.stream->send_trailers({{"A", "\n"}}));
  pair.pump();
  pair.run(1);
  CHECK(pair.accepted(1).code == ResetCode::kHeadTooLarge);
  CHECK(pair.accepted(2).code == ResetCode::kCancelled);
  CHECK(first.code == ResetCode::kHeadTooLarge);
  CHECK(second.code == ResetCode::kCancelled);
}

TEST_CASE("frames out of the stream's order end the session") {
  CHECK(BrokerCase().gets(frame(FrameType::kData, 0, 1, "early")).failure() == kBroken);
  CHECK(BrokerCase().gets(frame(FrameType::kTrailers, 0, 1, "")).failure() == kBroken);
  CHECK(BrokerCase().gets(head_frame(100, 0)).gets(frame(FrameType::kData, 0, 1, "x")).failure() == kBroken);
  CHECK(BrokerCase().gets(head_frame(100, kFlagEnd)).failure() == kBroken);
  CHECK(BrokerCase().gets(head_frame(200, 0)).gets(head_frame(200, 0)).failure() == kBroken);
  CHECK(BrokerCase(true).gets(head_frame(101, 0)).gets(head_frame(200, 0)).failure() == kBroken);
  CHECK(BrokerCase(true).gets(head_frame(101, 0)).gets(frame(FrameType::kTrailers, 0, 1, "")).failure() == kBroken);
  CHECK(BrokerCase().gets(frame(FrameType::kOpen, 0, 2, "x")).failure() ==
        "failed frame not allowed in this direction or state");
  // After its end, while the request is still open.
  for (const auto& late :
       {frame(FrameType::kData, 0, 1, "x"), head_frame(200, 0), frame(FrameType::kTrailers, 0, 1, "")}) {
    Pair pair;
    pair.establish();
    Recorder recorder;
    pair.open(recorder, false, "POST");
    pair.broker.receive(head_frame(200, kFlagEnd), pair.now);
    CHECK(recorder.log == Log{"head 200  end"});
    pair.broker.receive(late, pair.now);
    CHECK(pair.broker.recorder.log.back() == kBroken);
    CHECK(recorder.closed.code == ErrorCode::kProtocol);
    CHECK(recorder.closed.side == Side::kTunnel);
  }
}

TEST_CASE("an agent is as strict with the broker") {
  const auto failure = [](const std::vector<uint8_t>& bytes) {
    Pair pair;
    pair.establish();
    Recorder recorder;
    pair.open(recorder);  // with END
    pair.pump();
    pair.agent.receive(bytes, pair.now);
    return pair.agent.recorder.log.back();
  };
  const std::string turn = "failed frame for a stream that was never opened";
  CHECK(failure(frame(FrameType::kData, 0, 1, "x")) == kBroken);
  CHECK(failure(frame(FrameType::kTrailers, 0, 1, "")) == kBroken);
  CHECK(failure(head_frame(200, 0)) == "failed frame not allowed in this direction or state");
  CHECK(failure(frame(FrameType::kOpen, 0, 1, "x")) == turn);
  CHECK(failure(frame(FrameType::kOpen, 0, 3, "x")) == turn);
  CHECK(failure(frame(FrameType::kOpen, 0, 2, "x")) == "failed malformed head");
  CHECK(failure(frame(FrameType::kGoaway, 0, 0, "\xff")) == "failed malformed control message");
  std::vector<uint8_t> open = {0, 0, 0, 80, 0x80, 0, 0, 0, 1, 'G', 1, '/'};
  CHECK(failure(frame(FrameType::kOpen, 0, 2, open)) == "failed credit overrun");
}

TEST_CASE("a frame for a stream that was never opened ends the session") {
  for (const auto& bytes :
       {frame(FrameType::kData, 0, 2, "x"), head_frame(200, 0, 2), frame(FrameType::kTrailers, 0, 9, ""),
        frame(FrameType::kReset, 0, 2, "abcd"), frame(FrameType::kWindow, 0, 2, "abcd")}) {
    CHECK(BrokerCase().gets(bytes).failure() == "failed frame for a stream that was never opened");
  }
}

TEST_CASE("a malformed head or trailers end the session with their own code") {
  CHECK(BrokerCase().gets(frame(FrameType::kHead, 0, 1, "x")).failure() == "failed malformed head");
  BrokerCase late;
  late.gets(head_frame(200, 0)).gets(frame(FrameType::kTrailers, 0, 1, "\x05x"));
  CHECK(late.failure() == "failed malformed head");
  late.pair.pump();
  CHECK(late.pair.agent.recorder.log.back() == "goaway 8");
}

TEST_CASE("a 101 that was not asked for, and interim heads without end, break the stream alone") {
  BrokerCase unasked;
  unasked.gets(head_frame(101, 0));
  CHECK(unasked.recorder.log == Log{"closed"});
  CHECK(unasked.recorder.code == ResetCode::kOriginProtocol);
  CHECK(unasked.pair.broker.recorder.log.empty());
  unasked.pair.pump();
  CHECK(unasked.pair.accepted(1).code == ResetCode::kOriginProtocol);

  BrokerCase many;
  for (int i = 0; i < 64; ++i) many.gets(head_frame(102, 0));
  CHECK(many.recorder.closed_calls == 0);
  many.gets(head_frame(102, 0));
  CHECK(many.recorder.code == ResetCode::kOriginProtocol);
  CHECK(many.pair.broker.recorder.log.empty());
}

TEST_CASE("interim heads of more than a head's bytes in all break the stream alone, however few they are") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder);
  pair.pump();
  http::ResponseHead hints = response(103);
  const std::string link(60000, 'l');
  hints.fields = {{"Link", link}};
  for (int i = 0; i < 2; ++i) pair.accepted(1).stream->send_head(hints, false);
  pair.pump();
  CHECK(recorder.closed_calls == 0);
  pair.accepted(1).stream->send_head(hints, false);
  pair.pump();
  CHECK(recorder.code == ResetCode::kOriginProtocol);
  CHECK(pair.accepted(1).code == ResetCode::kOriginProtocol);
  CHECK(pair.broker.recorder.log.empty());
}

TEST_CASE("a lost session tells every stream, once, and blames the tunnel") {
  Pair pair;
  pair.establish();
  Recorder recorders[5];
  for (Recorder& recorder : recorders) pair.open(recorder, false, "POST");
  pair.pump();
  // One is complete already, and is not told of an error.
  send(recorders[2].stream, "", true);
  pair.accepted(3).stream->send_head(response(200), true);
  pair.pump();
  pair.broker.session.lost(Error{ErrorCode::kReset, Side::kClient, true, 104, "reading"});
  pair.broker.session.lost(Error{});
  for (size_t i = 0; i < 5; ++i) {
    CHECK(recorders[i].closed_calls == 1);
    if (i == 2) continue;
    CHECK(recorders[i].closed.code == ErrorCode::kReset);
    CHECK(recorders[i].closed.side == Side::kTunnel);
    CHECK_FALSE(recorders[i].closed.retryable);
    CHECK(recorders[i].closed.sys_errno == 104);
  }
  CHECK(recorders[2].closed.code == ErrorCode::kClosed);
  CHECK(pair.broker.session.stream_count() == 0);
  CHECK(pair.broker.recorder.log.empty());  // no on_failed
}

std::string activity_of(const Session& session, Time since) {
  const SessionActivity& activity = session.activity();
  const auto at = [since](Time time) { return time == Time{} ? "-" : std::to_string((time - since).count()); };
  return std::to_string(activity.open) + "/" + std::to_string(activity.upgraded) + " " + at(activity.last_begun) + " " +
         at(activity.last_ended);
}

TEST_CASE("both ends count streams, upgraded ones, and when one began and ended last") {
  Pair pair;
  pair.establish();
  const Time start = pair.now;
  CHECK(activity_of(pair.broker.session, start) == "0/0 - -");
  test::Recorder plain, upgraded;
  pair.move_clock(10);
  pair.open(plain);
  pair.move_clock(10);
  pair.open(upgraded, false, "GET", true);
  pair.pump();
  for (const auto* end : {&pair.broker, &pair.agent}) CHECK(activity_of(end->session, start) == "2/0 20 -");
  pair.accepted(2).stream->send_head(test::response(101), false);
  pair.pump();
  for (const auto* end : {&pair.broker, &pair.agent}) CHECK(activity_of(end->session, start) == "2/1 20 -");
  pair.move_clock(10);
  pair.accepted(1).stream->send_head(test::response(200), true);
  pair.pump();
  pair.agent.session.tick(pair.now);  // who sends the last END hears of it with the next call
  for (const auto* end : {&pair.broker, &pair.agent}) CHECK(activity_of(end->session, start) == "1/1 20 30");
  upgraded.abandon(ResetCode::kCancelled);
  pair.pump();
  for (const auto* end : {&pair.broker, &pair.agent}) CHECK(activity_of(end->session, start) == "0/0 20 30");
}

TEST_CASE("probes and PINGs are no activity") {
  Pair pair;
  pair.establish();
  OpenHead probe;
  probe.kind = StreamKind::kProbe;
  probe.port = 3000;
  probe.request.method = "GET";
  probe.request.target = "/";
  test::Recorder recorder;
  recorder.stream = pair.broker.session.open(probe, true, &recorder, pair.now, pair.why);
  pair.broker.session.ping(pair.now);
  pair.pump();
  pair.accepted(1).abandon(ResetCode::kConnectFailed);
  pair.run(60);
  CHECK(recorder.closed_calls == 1);
  CHECK(pair.broker.session.activity() == SessionActivity{});
  CHECK(pair.agent.session.activity() == SessionActivity{});
}

TEST_CASE("a session that is lost has no stream open") {
  Pair pair;
  pair.establish();
  test::Recorder one, two;
  pair.open(one);
  pair.open(two, false, "GET", true);
  pair.pump();
  pair.accepted(2).stream->send_head(test::response(101), false);
  pair.pump();
  pair.broker.session.lost(Error{});
  CHECK(pair.broker.session.activity().open == 0);
  CHECK(pair.broker.session.activity().upgraded == 0);
}

}  // namespace
}  // namespace ingress::tunnel
