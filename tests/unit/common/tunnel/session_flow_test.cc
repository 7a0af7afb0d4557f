#include "session_pair.h"

namespace ingress::tunnel {
namespace {

using test::count_frames;
using test::frame;
using test::Pair;
using test::Payload;
using test::Recorder;
using test::response;
using test::send;

constexpr size_t kKiB = 1024;

// A request without a body, answered with 200 and a body to come.
struct Download {
  explicit Download(const SessionLimits& broker_limits = {}) : pair(broker_limits) {
    pair.establish();
    pair.open(recorder);
    pair.pump();
    server().stream->send_head(response(200), false);
    pair.pump();
  }
  Recorder& server() { return pair.accepted(1); }
  Stream* out() { return server().stream; }
  Pair pair;
  Recorder recorder;
};

TEST_CASE("a stream may send what OPEN granted and no more, and goes on when it was consumed") {
  Download download;
  download.recorder.consume = false;
  CHECK(download.out()->sendable() == 32 * kKiB);
  send(download.out(), std::string(32 * kKiB, 'x'), false);
  CHECK(download.out()->sendable() == 0);
  download.pair.pump();
  CHECK(download.server().sendable_calls == 0);
  download.recorder.stream->consumed(16 * kKiB - 1);
  download.pair.pump();
  CHECK(download.server().sendable_calls == 0);
  download.recorder.stream->consumed(1);
  download.pair.pump();
  CHECK(download.server().sendable_calls == 1);
  CHECK(download.out()->sendable() == 16 * kKiB);
}

TEST_CASE("small answers cause no WINDOW frame") {
  Pair pair;
  pair.establish();
  for (int i = 0; i < 100; ++i) {
    Recorder recorder;
    const uint32_t id = pair.open(recorder)->id();
    pair.deliver(pair.broker, pair.agent);
    Stream* served = pair.accepted(id).stream;
    served->send_head(response(200), false);
    send(served, std::string(15 * kKiB, 'x'), false);
    send(served, std::string(5 * kKiB, 'x'), true);
    pair.deliver(pair.agent, pair.broker);
    CHECK(recorder.closed_calls == 1);
    CHECK(pair.broker.sink.out.empty());
  }
}

TEST_CASE("a request's body is held to the window that HELLO said, and HEAD gives consumed credit back") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder, false, "POST");
  pair.pump();
  send(recorder.stream, std::string(10 * kKiB, 'x'), false);
  CHECK(recorder.stream->sendable() == 22 * kKiB);
  pair.pump();  // consumed, less than a step
  CHECK(recorder.stream->sendable() == 22 * kKiB);
  pair.accepted(1).stream->send_head(response(100, "Continue"), false);
  CHECK(count_frames(pair.agent.sink.out, FrameType::kWindow) == 0);
  pair.pump();
  CHECK(recorder.stream->sendable() == 32 * kKiB);
}

TEST_CASE("DATA beyond the credit ends the session, even before the bytes have come") {
  Download download;
  download.recorder.consume = false;
  const std::string data(32 * kKiB + 1, 'x');
  const auto bytes = frame(FrameType::kData, 0, 1, data);
  download.pair.broker.receive(Bytes(bytes).first(kFrameHeaderBytes), download.pair.now);
  CHECK(download.pair.broker.recorder.failed.code == ErrorCode::kFlowControl);
  CHECK(download.recorder.closed.code == ErrorCode::kFlowControl);
  download.pair.pump();
  CHECK(download.pair.agent.recorder.log.back() == "goaway 5");
}

TEST_CASE("credit that would pass 2^31 - 1, and an empty WINDOW, end the session") {
  Download download;
  std::vector<uint8_t> payload(4);
  put_u32(payload.data(), 0x7fffffff - 32 * kKiB);
  download.pair.agent.receive(frame(FrameType::kWindow, 0, 1, payload), download.pair.now);
  CHECK(download.out()->sendable() == download.pair.agent.sink.room());
  put_u32(payload.data(), 1);
  download.pair.agent.receive(frame(FrameType::kWindow, 0, 1, payload), download.pair.now);
  CHECK(download.pair.agent.recorder.failed.code == ErrorCode::kFlowControl);

  Download empty;
  put_u32(payload.data(), 0);
  empty.pair.agent.receive(frame(FrameType::kWindow, 0, 1, payload), empty.pair.now);
  CHECK(empty.pair.agent.recorder.failed.code == ErrorCode::kProtocol);
}

TEST_CASE("a large payload goes out as frames that fill TLS records, written in place") {
  SessionLimits limits;
  limits.initial_window_bytes = 1 << 20;
  Download download(limits);
  std::string body(200 * kKiB, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7);
  Payload payload(body);
  download.pair.agent.sink.writes = 0;
  download.out()->send_data(payload.span(), true);
  CHECK(download.pair.agent.sink.writes == 4);
  const std::vector<uint8_t>& out = download.pair.agent.sink.out;
  CHECK(out.size() == body.size() + 4 * kFrameHeaderBytes);
  CHECK(read_frame_header(out.data()).length == kFullDataBytes);
  CHECK((kFullDataBytes + kFrameHeaderBytes) % 16384 == 0);
  CHECK(read_frame_header(out.data()).flags == 0);
  download.pair.pump(1000);
  CHECK(download.recorder.data == body);
  CHECK(download.recorder.log.back() == "closed");
}

TEST_CASE("DATA is handed on as it comes, END with the last piece only") {
  Download download;
  const auto bytes = frame(FrameType::kData, kFlagEnd, 1, "abcdef");
  download.pair.broker.receive(Bytes(bytes).first(12), download.pair.now);
  CHECK(download.recorder.data == "abc");
  CHECK_FALSE(download.recorder.stream->receive_ended());
  download.pair.broker.receive(Bytes(bytes).subspan(12), download.pair.now);
  CHECK(download.recorder.data == "abcdef");
  CHECK(download.recorder.log.back() == "closed");
}

TEST_CASE("an empty DATA frame without END is nothing") {
  Download download;
  download.pair.broker.receive(frame(FrameType::kData, 0, 1, ""), download.pair.now);
  CHECK(download.recorder.pieces == 0);
  CHECK(download.recorder.closed_calls == 0);
}

TEST_CASE("a full sink stops every stream, and room serves them in turn, one at a time") {
  Pair pair;
  pair.establish();
  Recorder recorders[4];
  std::vector<int> order;
  for (Recorder& recorder : recorders) {
    pair.open(recorder, false, "POST");
    recorder.hook_sendable = [&pair, &recorder, &order] {
      order.push_back(static_cast<int>(recorder.stream->id()));
      send(recorder.stream, "x", false);
      pair.broker.sink.room_bytes = 0;  // one frame fills it
      CHECK(recorder.stream->sendable() == 0);
    };
  }
  pair.pump();
  pair.broker.sink.room_bytes = 0;
  for (Recorder& recorder : recorders) CHECK(recorder.stream->sendable() == 0);
  for (Recorder& recorder : recorders) CHECK(recorder.stream->sendable() == 0);  // asking twice changes nothing
  for (int i = 0; i < 10; ++i) {
    pair.broker.sink.room_bytes = 1000;
    pair.broker.session.on_room();
  }
  CHECK(order == std::vector<int>{1, 2, 3, 4, 1, 2, 3, 4, 1, 2});
  pair.broker.sink.room_bytes = 0;
  pair.broker.session.on_room();
  CHECK(order.size() == 10);
}

TEST_CASE("a stream that used the room up by sending is woken though it never asked again") {
  Pair pair;
  pair.establish();
  Recorder recorder;
  pair.open(recorder, false, "POST");
  pair.broker.sink.room_bytes = 0;
  send(recorder.stream, "over", false);
  pair.broker.session.on_room();
  CHECK(recorder.sendable_calls == 0);
  pair.broker.sink.room_bytes = 10;
  pair.broker.session.on_room();
  CHECK(recorder.sendable_calls == 1);
  pair.broker.session.on_room();
  CHECK(recorder.sendable_calls == 1);
  CHECK(recorder.stream->sendable() == 10);
}

TEST_CASE("a stream needs both credit and room to be woken") {
  Download download;
  download.recorder.consume = false;
  send(download.out(), std::string(32 * kKiB, 'x'), false);
  download.pair.pump();
  download.pair.agent.sink.room_bytes = 0;
  download.recorder.stream->consumed(16 * kKiB);
  download.pair.pump();
  CHECK(download.server().sendable_calls == 0);  // credit, but no room
  download.pair.agent.sink.room_bytes = 1000;
  download.pair.agent.session.on_room();
  CHECK(download.server().sendable_calls == 1);

  Download other;
  other.recorder.consume = false;
  other.pair.agent.sink.room_bytes = 0;
  CHECK(other.out()->sendable() == 0);
  send(other.out(), std::string(32 * kKiB, 'x'), false);  // sent regardless
  other.pair.agent.sink.room_bytes = 1000;
  other.pair.agent.session.on_room();
  CHECK(other.server().sendable_calls == 0);  // room, but no credit
  other.pair.deliver(other.pair.agent, other.pair.broker);
  other.recorder.stream->consumed(16 * kKiB);
  other.pair.pump();
  CHECK(other.server().sendable_calls == 1);
}

TEST_CASE("a bulk stream's window grows over the wire, and its share comes back when it closes") {
  Download download;
  std::string sent;
  size_t largest = 0;
  for (int i = 0; i < 40; ++i) {
    const size_t size = download.out()->sendable();
    largest = std::max(largest, size);
    send(download.out(), std::string(size, static_cast<char>('a' + i % 26)), false);
    sent.append(size, static_cast<char>('a' + i % 26));
    download.pair.pump();
  }
  CHECK(largest >= 512 * kKiB);
  CHECK(download.recorder.data == sent);
  send(download.out(), "", true);
  download.pair.pump();
  CHECK(download.recorder.log.back() == "closed");
}

TEST_CASE("the first bulk stream measures the round trip") {
  Download download;
  send(download.out(), std::string(32 * kKiB, 'x'), false);
  download.pair.deliver(download.pair.agent, download.pair.broker);
  CHECK(count_frames(download.pair.broker.sink.out, FrameType::kPing) == 1);
  download.pair.move_clock(40);
  download.pair.pump();
  CHECK(download.pair.broker.session.round_trip() == Duration{40});
}

TEST_CASE("a slow reader holds up its own stream alone") {
  Pair pair;
  pair.establish();
  Recorder slow, quick;
  slow.consume = false;
  pair.open(slow);
  pair.open(quick);
  pair.pump();
  for (const uint32_t id : {1U, 2U}) pair.accepted(id).stream->send_head(response(200), false);
  size_t total = 0;
  for (int i = 0; i < 50; ++i) {
    for (const uint32_t id : {1U, 2U}) {
      Stream* stream = pair.accepted(id).stream;
      const size_t size = std::min<size_t>(stream->sendable(), 20000);
      if (id == 2) total += size;
      if (size > 0) send(stream, std::string(size, 'x'), false);
    }
    pair.pump();
  }
  CHECK(slow.data.size() == 32 * kKiB);
  CHECK(total == 50 * 20000);
  CHECK(quick.data.size() == total);
}

}  // namespace
}  // namespace ingress::tunnel
