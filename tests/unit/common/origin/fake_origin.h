// Origins in the test's own loop: they listen on loopback and do what the test says with each piece that comes.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/origin/origin_pool.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::origin::test {

inline constexpr Duration kPatience{20000};

// Turns the loop until `done()`; gives up after a time that no sound run takes.
inline void run_until(uv::Loop& loop, const std::function<bool()>& done) {
  const Time begin = loop.now();
  std::function<void()> look = [&loop, &done, &look, begin] {
    if (done() || loop.now() - begin > kPatience) return loop.stop();
    loop.defer(look);
  };
  loop.defer(look);
  loop.run();
  REQUIRE(done());
}

// One connection as the origin sees it.
struct Peer final : uv::SocketHandler {
  explicit Peer(std::unique_ptr<uv::Socket> with) : socket(std::move(with)) { socket->set_handler(this); }

  size_t read_limit() override { return uv::Loop::kReadBufferBytes; }
  void on_read(MutableBytes bytes) override {
    received += as_text(bytes);
    ++reads;
    if (then_read) then_read(*this);
  }
  void on_read_end() override { ended = true; }
  void on_failed(const Error&) override { gone = true; }
  void on_write_drained() override {}

  void send(std::string_view text) { socket->write(as_bytes(text)); }
  void close() { socket.reset(); }
  bool left() const { return ended || gone; }
  // A whole head has come.
  bool has_head() const { return received.find("\r\n\r\n") != std::string::npos; }

  std::unique_ptr<uv::Socket> socket;
  std::function<void(Peer&)> then_read;
  std::string received;
  int reads = 0;
  bool ended = false;
  bool gone = false;
};

struct FakeOrigin {
  // `then_read` becomes each connection's.
  FakeOrigin(uv::Loop& loop, std::function<void(Peer&)> on_piece, const char* address = "127.0.0.1:0")
      : then_read(std::move(on_piece)) {
    auto listening = uv::Listener::listen(loop, *uv::Address::parse(address),
                                          [this](std::unique_ptr<uv::Socket> socket) { accept(std::move(socket)); });
    REQUIRE(listening.has_value());
    listener = std::move(*listening);
    port = listener->local().port;
  }

  void accept(std::unique_ptr<uv::Socket> socket) {
    peers.push_back(std::make_unique<Peer>(std::move(socket)));
    peers.back()->then_read = then_read;
    if (reading) peers.back()->socket->start_read();
  }

  Target target() const {
    const uv::Address address = listener->local();
    return Target{{address}, {}, 0, address.to_text()};
  }
  Peer& last() { return *peers.back(); }

  std::function<void(Peer&)> then_read;
  std::unique_ptr<uv::Listener> listener;
  std::vector<std::unique_ptr<Peer>> peers;
  int port = 0;
  bool reading = true;
};

// Answers every whole head with `answer`, once for each.
inline std::function<void(Peer&)> answering(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    if (!peer.received.ends_with("\r\n\r\n")) return;
    peer.send(answer);
  };
}

// What an exchange's owner saw.
struct Recorder final : ExchangeHandler {
  void on_head(const http::ResponseHead& head, bool end) override {
    statuses.push_back(head.status);
    reasons.emplace_back(head.reason);
    fields.clear();
    for (const http::Field& field : head.fields) fields.emplace_back(field.name, field.value);
    head_end = end;
    if (then_head) then_head();
  }
  void on_data(MutableBytes payload, bool end) override {
    // The contract lets the owner scribble on the headroom.
    if (!payload.empty()) std::memset(payload.data() - kHeadroomBytes, 0xee, kHeadroomBytes);
    body += as_text(payload);
    largest = std::max(largest, payload.size());
    taken += payload.size();
    ended = ended || end;
    if (then_data) then_data();
  }
  void on_trailers(const http::Fields& given) override {
    for (const http::Field& field : given) trailers.emplace_back(field.name, field.value);
    ended = true;
  }
  size_t allowance() override { return taken < room ? room - taken : 0; }
  void on_sendable() override {
    ++sendables;
    if (then_sendable) then_sendable();
  }
  void on_failed(const Error& error) override {
    failed = true;
    failure = error;
    if (then_over) then_over();
  }
  void on_complete() override {
    ++completions;
    if (then_over) then_over();
  }
  bool over() const { return failed || completions > 0; }

  std::vector<int> statuses;
  std::vector<std::string> reasons;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::pair<std::string, std::string>> trailers;
  std::string body;
  size_t largest = 0;
  size_t taken = 0;
  size_t room = size_t{1} << 40;
  bool head_end = false;
  bool ended = false;
  bool failed = false;
  int sendables = 0;
  int completions = 0;
  Error failure;
  std::function<void()> then_head, then_data, then_sendable, then_over;
};

// Bytes with the headroom that a payload has.
class Payload {
 public:
  explicit Payload(std::string_view text) : memory_(std::string(kHeadroomBytes, '?') + std::string(text)) {}
  MutableBytes bytes() {
    return MutableBytes(reinterpret_cast<uint8_t*>(memory_.data()), memory_.size()).subspan(kHeadroomBytes);
  }

 private:
  std::string memory_;
};

inline std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26 + i / 1000 % 3);
  return text;
}

// An origin's first idle connection is trusted at once.
inline PoolLimits trusting() {
  PoolLimits limits;
  limits.trust_margin = Duration{0};
  return limits;
}

// A loop, a pool and a request: what nearly every test begins with.
struct Bench {
  explicit Bench(const PoolLimits& limits = {}) : pool(loop, limits) {}

  std::unique_ptr<Exchange> start(const Target& target, Recorder& recorder, std::string_view method = "GET",
                                  bool end = true, bool upgrade = false) {
    Request request;
    request.method = method;
    request.target = "/x?y=1";
    request.fields = &fields;
    request.end = end;
    request.upgrade = upgrade;
    return pool.start(target, request, timeouts, recorder);
  }
  // Starts and runs to the end.
  void run(const Target& target, Recorder& recorder, std::string_view method = "GET") {
    const std::unique_ptr<Exchange> exchange = start(target, recorder, method);
    run_until(loop, [&recorder] { return recorder.over(); });
  }

  uv::Loop loop;
  OriginPool pool;
  Timeouts timeouts;
  http::Fields fields = {{"Host", "localhost:3000"}};
};

}  // namespace ingress::origin::test
