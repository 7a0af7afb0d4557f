// Two sessions with a pipe of memory between them, handlers that write down what they hear, and a clock that stands
// still until it is moved.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/tunnel/frame.h"
#include "common/tunnel/session.h"
#include "proto/tunnel.pb.h"

namespace ingress::tunnel::test {

// Bytes in memory of exactly their size, with the headroom that every payload has.
class Payload {
 public:
  explicit Payload(Bytes bytes) : size_(bytes.size()), memory_(new uint8_t[kHeadroomBytes + bytes.size()]) {
    if (size_ > 0) std::memcpy(memory_.get() + kHeadroomBytes, bytes.data(), size_);
  }
  explicit Payload(std::string_view text) : Payload(as_bytes(text)) {}
  MutableBytes span() { return {memory_.get() + kHeadroomBytes, size_}; }

 private:
  size_t size_;
  std::unique_ptr<uint8_t[]> memory_;
};

class MemorySink final : public FrameSink {
 public:
  void write(Bytes bytes) override {
    out.insert(out.end(), bytes.begin(), bytes.end());
    ++writes;
  }
  size_t room() const override { return room_bytes; }

  std::vector<uint8_t> out;
  size_t room_bytes = 1 << 20;
  size_t writes = 0;
};

inline std::string text_of(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) text.append(" ").append(field.name).append("=").append(field.value);
  return text;
}

// Writes down what comes; a test may hook in where it wants to do something inside a callback.
class Recorder final : public StreamHandler {
 public:
  ~Recorder() { abandon(ResetCode::kCancelled); }
  void abandon(ResetCode with) {
    if (Stream* gone = std::exchange(stream, nullptr)) gone->abandon(with);
  }
  void on_head(const http::ResponseHead& head, bool end) override {
    log.push_back("head " + std::to_string(head.status) + " " + std::string(head.reason) + text_of(head.fields) +
                  (end ? " end" : ""));
    if (hook_head) hook_head();
  }
  void on_data(MutableBytes payload, bool end) override {
    data.append(as_text(payload));
    ++pieces;
    std::memset(payload.data() - kHeadroomBytes, 0xee, payload.empty() ? 0 : kHeadroomBytes);
    if (end) log.push_back("data end");
    if (consume && !payload.empty() && stream != nullptr) stream->consumed(payload.size());
    if (hook_data) hook_data();
  }
  void on_trailers(const http::Fields& trailers) override {
    log.push_back("trailers" + text_of(trailers));
    if (hook_trailers) hook_trailers();
  }
  void on_sendable() override {
    ++sendable_calls;
    if (hook_sendable) hook_sendable();
  }
  void on_closed(const Error& error, ResetCode reset) override {
    log.push_back("closed");
    closed = error;
    code = reset;
    ++closed_calls;
    if (hook_closed) hook_closed();
    stream = nullptr;
  }

  Stream* stream = nullptr;
  std::vector<std::string> log;
  std::string data;
  size_t pieces = 0;
  int sendable_calls = 0;
  int closed_calls = 0;
  bool consume = true;
  Error closed;
  ResetCode code = ResetCode::kInternal;
  std::function<void()> hook_head, hook_data, hook_trailers, hook_sendable, hook_closed;
};

inline std::string list_of(const auto& numbers) {
  std::string text = "[";
  for (const uint32_t number : numbers) text += (text.size() > 1 ? " " : "") + std::to_string(number);
  return text + "]";
}

class SessionRecorder final : public SessionHandler {
 public:
  void on_hello(const pb::Hello& hello) override {
    log.push_back("hello " + hello.machine());
    if (hook_hello) hook_hello();
  }
  void on_welcome(const pb::Welcome& welcome) override { log.push_back("welcome " + welcome.broker()); }
  void on_refused(const pb::Refused& refused) override { log.push_back("refused " + refused.message()); }
  void on_goaway(const pb::Goaway& goaway) override {
    log.push_back("goaway " + std::to_string(goaway.reason()));
    goaway_message = goaway.message();
  }
  void on_config(const pb::Config& config) override {
    log.push_back("config " + std::to_string(config.default_port()) + " " + list_of(config.other_ports()));
  }
  void on_event(const pb::Event& event) override {
    std::vector<uint32_t> numbers;
    for (const pb::Event::Port& port : event.ports().ports()) numbers.push_back(port.number());
    log.push_back("event " + std::to_string(event.ports().revision()) + " " + list_of(numbers));
  }
  StreamHandler* on_open(Stream& stream, const OpenHead& head, bool end) override {
    log.push_back("open " + std::to_string(static_cast<int>(head.kind)) + " " + std::to_string(head.port) +
                  (head.upgrade ? " upgrade" : "") + " " + std::string(head.request.method) + " " +
                  std::string(head.request.target) + text_of(head.request.fields) + (end ? " end" : ""));
    if (refuse) return nullptr;
    auto& recorder = streams[stream.id()];
    recorder = std::make_unique<Recorder>();
    recorder->stream = &stream;
    return hook_open ? hook_open(stream, *recorder) : recorder.get();
  }
  void on_pong(Duration took) override { log.push_back("pong " + std::to_string(took.count())); }
  void on_drained() override { log.push_back("drained"); }
  void on_failed(const Error& error) override {
    log.push_back(std::string("failed ") + error.context);
    failed = error;
    if (hook_failed) hook_failed();
  }

  bool has(std::string_view line) const { return std::find(log.begin(), log.end(), line) != log.end(); }

  std::vector<std::string> log;
  std::string goaway_message;
  std::map<uint32_t, std::unique_ptr<Recorder>> streams;  // agent: by id
  Error failed;
  bool refuse = false;
  std::function<void()> hook_hello, hook_failed;
  std::function<StreamHandler*(Stream&, Recorder&)> hook_open;
};

// One end: a session, its sink, what it heard.
struct End {
  End(Role role, const SessionLimits& limits, Time now) : session(role, recorder, sink, limits, now) {}
  ~End() { session.lost(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "test over"}); }

  void receive(Bytes bytes, Time now) {
    Payload payload(bytes);
    session.receive(payload.span(), now);
  }

  SessionRecorder recorder;
  MemorySink sink;
  Session session;
};

struct Pair {
  explicit Pair(const SessionLimits& broker_limits = {}, const SessionLimits& agent_limits = {})
      : broker(Role::kBroker, broker_limits, now), agent(Role::kAgent, agent_limits, now) {}

  // HELLO, WELCOME.
  Pair& establish() {
    pb::Hello hello;
    hello.add_versions(1);
    hello.set_machine("mach_1");
    agent.session.send_hello(hello);
    pump();
    pb::Welcome welcome;
    welcome.set_broker("b1");
    broker.session.send_welcome(welcome);
    pump();
    REQUIRE(agent.session.established());
    REQUIRE(broker.session.established());
    agent.recorder.log.clear();
    broker.recorder.log.clear();
    return *this;
  }

  // Hands over what was written, in pieces of `piece` bytes (0: whole), until nothing more comes.
  void pump(size_t piece = 0) {
    while (deliver(broker, agent, piece) || deliver(agent, broker, piece)) {
    }
  }
  bool deliver(End& from, End& to, size_t piece = 0) {
    if (from.sink.out.empty()) return false;
    const std::vector<uint8_t> bytes = std::exchange(from.sink.out, {});
    const Bytes all(bytes);
    for (size_t at = 0; at < all.size();) {
      const size_t size = piece == 0 ? all.size() : std::min(piece, all.size() - at);
      to.receive(all.subspan(at, size), now);
      at += size;
    }
    return true;
  }
  void move_clock(int64_t milliseconds) { now += Duration{milliseconds}; }
  // Seconds as they pass for a session whose owner ticks.
  void run(int seconds, bool deliver_too = true) {
    for (int i = 0; i < seconds; ++i) {
      move_clock(1000);
      broker.session.tick(now);
      agent.session.tick(now);
      if (deliver_too) pump();
    }
  }

  Stream* open(Recorder& recorder, bool end = true, std::string_view method = "GET", bool upgrade = false) {
    OpenHead head;
    head.port = 3000;
    head.upgrade = upgrade;
    head.request.method = method;
    head.request.target = "/";
    head.request.fields = {{"Host", "localhost:3000"}};
    recorder.stream = broker.session.open(head, end, &recorder, now, why);
    return recorder.stream;
  }
  Recorder& accepted(uint32_t id) { return *agent.recorder.streams.at(id); }

  Time now{Duration{1000000}};
  End broker;
  End agent;
  Error why;
};

inline http::ResponseHead response(int status, std::string_view reason = "OK") {
  http::ResponseHead head;
  head.status = status;
  head.reason = reason;
  return head;
}

inline void send(Stream* stream, std::string_view text, bool end) {
  Payload payload(text);
  stream->send_data(payload.span(), end);
}

// One frame as bytes.
inline std::vector<uint8_t> frame(uint8_t type, uint8_t flags, uint32_t id, Bytes payload) {
  std::vector<uint8_t> bytes(kFrameHeaderBytes + payload.size());
  write_frame_header(bytes.data(), {static_cast<uint32_t>(payload.size()), type, flags, id});
  std::copy(payload.begin(), payload.end(), bytes.begin() + kFrameHeaderBytes);
  return bytes;
}
inline std::vector<uint8_t> frame(FrameType type, uint8_t flags, uint32_t id, Bytes payload) {
  return frame(static_cast<uint8_t>(type), flags, id, payload);
}
inline std::vector<uint8_t> frame(FrameType type, uint8_t flags, uint32_t id, std::string_view payload) {
  return frame(type, flags, id, as_bytes(payload));
}

// The frames in `bytes`: how many of that type.
inline size_t count_frames(Bytes bytes, FrameType type) {
  size_t count = 0;
  while (!bytes.empty()) {
    const FrameHeader header = read_frame_header(bytes.data());
    if (header.type == static_cast<uint8_t>(type)) ++count;
    bytes = bytes.subspan(kFrameHeaderBytes + header.length);
  }
  return count;
}

}  // namespace ingress::tunnel::test
