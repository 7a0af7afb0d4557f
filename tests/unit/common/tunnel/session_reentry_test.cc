// Handlers that do things inside their callbacks.
#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::frame;
using test::Pair;
using test::Recorder;
using test::response;
using test::send;
using Log = std::vector<std::string>;

// `count` requests with a body under way, known to the agent.
struct Busy {
  explicit Busy(size_t count) : recorders(count) {
    pair.establish();
    for (Recorder& recorder : recorders) pair.open(recorder, false, "POST");
    pair.pump();
  }
  std::vector<uint8_t> answers() {
    for (size_t id = 1; id <= recorders.size(); ++id) {
      Stream* stream = pair.accepted(static_cast<uint32_t>(id)).stream;
      stream->send_head(response(200), false);
      send(stream, "some data", false);
      stream->send_trailers({});
    }
    return std::exchange(pair.agent.sink.out, {});
  }
  Pair pair;
  std::vector<Recorder> recorders;
};

TEST_CASE("a handler abandons its own stream in any callback, and the bytes after it are dropped") {
  for (int where = 0; where < 3; ++where) {
    CAPTURE(where);
    for (const size_t piece : {0U, 1U, 5U}) {
      Busy busy(2);
      Recorder& recorder = busy.recorders[0];
      auto& hook = where == 0 ? recorder.hook_head : where == 1 ? recorder.hook_data : recorder.hook_trailers;
      hook = [&recorder] { recorder.abandon(ResetCode::kCancelled); };
      busy.pair.agent.sink.out = busy.answers();
      busy.pair.pump(piece);
      CHECK(recorder.closed_calls == 0);
      CHECK(busy.recorders[1].data == "some data");
      CHECK(busy.pair.broker.recorder.log.empty());
      CHECK(busy.pair.broker.session.stream_count() == 1);
    }
  }
}

TEST_CASE("a handler abandons every stream, others and its own, and opens one in their memory") {
  Busy busy(20);
  Recorder fresh;
  busy.recorders[3].hook_data = [&busy, &fresh] {
    for (Recorder& recorder : busy.recorders) recorder.abandon(ResetCode::kCancelled);
    busy.pair.open(fresh, false, "POST");
  };
  const auto bytes = busy.answers();
  busy.pair.broker.receive(bytes, busy.pair.now);
  CHECK(busy.pair.broker.session.stream_count() == 1);
  CHECK(fresh.stream->id() == 21);
  CHECK(fresh.log.empty());
  busy.pair.pump();
  CHECK(busy.pair.agent.session.stream_count() == 1);
}

TEST_CASE("on_closed opens the next stream, sends on others and may still name its own") {
  Busy busy(3);
  Recorder next;
  Recorder& first = busy.recorders[0];
  first.hook_closed = [&busy, &next, &first] {
    CHECK(first.stream->sendable() == 0);
    first.stream->consumed(0);
    send(first.stream, "", true);
    first.stream->abandon(ResetCode::kCancelled);
    busy.pair.open(next);
    send(busy.recorders[1].stream, "", true);
    busy.recorders[2].abandon(ResetCode::kCancelled);
  };
  busy.pair.accepted(1).abandon(ResetCode::kOriginClosed);
  busy.pair.pump();
  CHECK(first.closed_calls == 1);
  CHECK(next.stream != nullptr);
  CHECK(next.stream->id() == 4);
  CHECK(busy.pair.accepted(2).log == Log{"data end"});
  CHECK(busy.pair.accepted(3).log == Log{"closed"});
  CHECK(busy.pair.broker.session.stream_count() == 2);
}

TEST_CASE("every handler abandons another one while the session is lost") {
  Busy busy(40);
  for (size_t i = 0; i < 40; ++i) {
    busy.recorders[i].hook_closed = [&busy, i] {
      busy.recorders[(i * 7 + 3) % 40].abandon(ResetCode::kCancelled);
      Recorder refused;
      CHECK(busy.pair.open(refused) == nullptr);
    };
  }
  busy.pair.broker.session.lost(Error{});
  CHECK(busy.pair.broker.session.stream_count() == 0);
  for (Recorder& recorder : busy.recorders) CHECK(recorder.stream == nullptr);
}

TEST_CASE("the session is lost inside a callback of it") {
  for (const size_t piece : {0U, 1U}) {
    Busy busy(3);
    busy.recorders[1].hook_data = [&busy] { busy.pair.broker.session.lost(Error{}); };
    const auto bytes = busy.answers();
    busy.pair.agent.sink.out = bytes;
    busy.pair.deliver(busy.pair.agent, busy.pair.broker, piece);
    for (Recorder& recorder : busy.recorders) CHECK(recorder.closed_calls == 1);
    CHECK(busy.recorders[2].data.empty());
    CHECK(busy.pair.broker.recorder.log.empty());
  }
}

TEST_CASE("streams that wait for room are abandoned, ended and lost while they are served") {
  Busy busy(6);
  Pair& pair = busy.pair;
  pair.broker.sink.room_bytes = 0;
  for (Recorder& recorder : busy.recorders) CHECK(recorder.stream->sendable() == 0);
  busy.recorders[0].hook_sendable = [&busy] {
    busy.recorders[1].abandon(ResetCode::kCancelled);
    send(busy.recorders[2].stream, "", true);
    busy.recorders[0].abandon(ResetCode::kCancelled);
  };
  pair.broker.sink.room_bytes = 100;
  pair.broker.session.on_room();
  CHECK(busy.recorders[0].sendable_calls == 1);
  CHECK(busy.recorders[1].sendable_calls == 0);
  CHECK(busy.recorders[2].sendable_calls == 0);
  CHECK(busy.recorders[5].sendable_calls == 1);
  pair.broker.sink.room_bytes = 0;
  for (const size_t i : {3U, 4U, 5U}) CHECK(busy.recorders[i].stream->sendable() == 0);
  busy.recorders[3].hook_sendable = [&pair] { pair.broker.session.lost(Error{}); };
  pair.broker.sink.room_bytes = 100;
  pair.broker.session.on_room();
  CHECK(busy.recorders[4].sendable_calls == 1);  // from before
  CHECK(busy.recorders[4].closed_calls == 1);
}

TEST_CASE("an agent answers, abandons or is lost inside on_open") {
  Pair answering;
  answering.establish();
  answering.agent.recorder.hook_open = [](Stream& stream, Recorder& recorder) -> StreamHandler* {
    stream.send_head(response(200), false);
    send(&stream, "quick", true);
    return &recorder;
  };
  Recorder recorder;
  answering.open(recorder);
  answering.pump(1);
  CHECK(recorder.data == "quick");
  CHECK(answering.accepted(1).log == Log{"closed"});
  CHECK(answering.agent.session.stream_count() == 0);

  Pair abandoning;
  abandoning.establish();
  abandoning.agent.recorder.hook_open = [](Stream&, Recorder& served) -> StreamHandler* {
    served.abandon(ResetCode::kPortDenied);
    return &served;
  };
  Recorder denied;
  abandoning.open(denied);
  abandoning.pump();
  CHECK(denied.code == ResetCode::kPortDenied);
  CHECK(abandoning.accepted(1).log.empty());

  Pair lost;
  lost.establish();
  lost.agent.recorder.hook_open = [&lost](Stream&, Recorder& served) -> StreamHandler* {
    lost.agent.session.lost(Error{});
    return &served;
  };
  Recorder waiting;
  lost.open(waiting);
  lost.pump();
  CHECK(lost.accepted(1).log == Log{"closed"});
}

TEST_CASE("a failing session calls each handler once, and on_failed last") {
  Busy busy(5);
  Pair& pair = busy.pair;
  pair.broker.recorder.hook_failed = [&busy] {
    for (Recorder& recorder : busy.recorders) CHECK(recorder.closed_calls == 1);
    busy.pair.broker.session.lost(Error{});
    busy.pair.broker.session.send_goaway({});
  };
  pair.broker.receive(frame(FrameType::kHead, 0, 1, "x"), pair.now);
  for (Recorder& recorder : busy.recorders) CHECK(recorder.closed.code == ErrorCode::kProtocol);
  CHECK(pair.broker.recorder.log == Log{"failed malformed head"});
}

TEST_CASE("a silent peer is reported from tick, with streams that do things in on_closed") {
  Busy busy(3);
  for (Recorder& recorder : busy.recorders) {
    recorder.hook_closed = [&busy] { busy.recorders[2].abandon(ResetCode::kCancelled); };
  }
  busy.pair.run(20, false);
  CHECK(busy.recorders[0].closed.code == ErrorCode::kTimeout);
  CHECK(busy.recorders[2].stream == nullptr);
  CHECK(busy.pair.broker.session.stream_count() == 0);
}

}  // namespace
}  // namespace ingress::tunnel
