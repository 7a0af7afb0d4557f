#include "common/transport/connection.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"
#include "common/uv/timer.h"
#include "tests/unit/common/tls/test_certificates.h"

using namespace ingress;
using ingress::transport::Connection;
using ingress::transport::ConnectionHandler;

namespace {

// One end, and what it was told. Hooks run inside the callback.
struct End final : ConnectionHandler {
  void on_ready() override {
    ++ready;
    if (then_ready) then_ready();
  }
  size_t read_limit() override { return limit; }
  void on_data(MutableBytes bytes) override {
    CHECK(inside == 0);
    largest = std::max(largest, bytes.size());
    ++calls;
    received += as_text(bytes);
    std::memset(bytes.data() - kHeadroomBytes, 0xee, kHeadroomBytes);
    if (then_data) then_data();
  }
  void on_end() override {
    CHECK(inside == 0);
    ++ended;
    if (then_end) then_end();
  }
  void on_drained() override {
    CHECK(inside == 0);
    ++drained;
    if (then_drained) then_drained();
  }
  void on_closed(const Error& error) override {
    CHECK(inside == 0);
    REQUIRE_FALSE(closed);
    closed = error;
    loop->bury(std::move(connection));
    if (then_closed) then_closed();
  }

  // A call of the owner: no callback may come from inside it.
  template <class Call>
  void call(Call what) {
    ++inside;
    what(*connection);
    --inside;
  }
  void write(const std::string& text) {
    call([&text](Connection& own) { own.write(text); });
  }

  uv::Loop* loop = nullptr;
  std::unique_ptr<Connection> connection;
  std::string received;
  size_t limit = uv::Loop::kReadBufferBytes;
  size_t largest = 0;
  int calls = 0;
  int ready = 0;
  int ended = 0;
  int drained = 0;
  int inside = 0;
  std::optional<Error> closed;
  std::function<void()> then_ready, then_data, then_end, then_drained, then_closed;
};

struct TlsFixture {
  TlsFixture() {
    files.issue("a", "DNS:broker.example");
    REQUIRE(server.load(files.folder(), [](const std::string&, const Error&) {}).has_value());
    client = std::move(*tls::ClientContext::create(files.ca_file(), {"http/1.1"}));
  }
  test::Certificates files;
  tls::ServerContext server{{"http/1.1"}};
  std::unique_ptr<tls::ClientContext> client;
};

TlsFixture& tls_fixture() {
  static TlsFixture fixture;
  return fixture;
}

// A connected pair over loopback, clear or TLS; started, but the loop has not run since.
struct Pair {
  explicit Pair(bool tls, const std::string& name = "broker.example") {
    auto listening = uv::Listener::listen(loop, *uv::Address::parse("127.0.0.1:0"),
                                          [this](std::unique_ptr<uv::Socket> socket) { accepted = std::move(socket); });
    REQUIRE(listening.has_value());
    listener = std::move(*listening);
    auto connecting =
        uv::Connecting::connect(loop, listener->local(), [this](Result<std::unique_ptr<uv::Socket>> result) {
          REQUIRE(result.has_value());
          connected = std::move(*result);
          listener.reset();
        });
    while (accepted == nullptr || connected == nullptr) loop.run();
    std::unique_ptr<tls::TlsSession> server_tls;
    std::unique_ptr<tls::TlsSession> client_tls;
    if (tls) {
      server_tls = tls::TlsSession::accept(tls_fixture().server);
      client_tls = tls::TlsSession::connect(*tls_fixture().client, name);
    }
    attach(server, std::make_unique<Connection>(loop, std::move(accepted), std::move(server_tls), Side::kClient));
    attach(client, std::make_unique<Connection>(loop, std::move(connected), std::move(client_tls), Side::kTunnel));
  }
  ~Pair() {
    server.connection.reset();
    client.connection.reset();
  }

  void attach(End& end, std::unique_ptr<Connection> connection) {
    end.loop = &loop;
    end.connection = std::move(connection);
    end.connection->set_handler(&end);
    end.call([](Connection& own) { own.start(); });
  }

  void run_until_ready() {
    const auto check = [this] {
      if (server.ready == 1 && client.ready == 1) loop.stop();
    };
    server.then_ready = check;
    client.then_ready = check;
    loop.run();
    REQUIRE(server.ready == 1);
    REQUIRE(client.ready == 1);
    server.then_ready = client.then_ready = nullptr;
  }

  // Lets the loop turn a few times, as bytes over loopback need.
  void turn(int times = 20) {
    int left = times;
    std::function<void()> again = [this, &left, &again] {
      if (--left > 0) {
        loop.defer(again);
      } else {
        loop.stop();
      }
    };
    loop.defer(again);
    loop.run();
  }

  uv::Loop loop;
  std::unique_ptr<uv::Listener> listener;
  std::unique_ptr<uv::Socket> accepted;
  std::unique_ptr<uv::Socket> connected;
  End server;
  End client;
};

std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

// Writes `text` in pieces of `piece` bytes for as long as the connection is not congested, then shuts down.
struct Producer {
  Producer(End& end, std::string all, size_t piece) : end_(end), text_(std::move(all)), piece_(piece) {
    end.then_drained = [this] { produce(); };
  }
  void produce() {
    while (at_ < text_.size() && !end_.connection->congested()) {
      const size_t size = std::min(piece_, text_.size() - at_);
      end_.write(text_.substr(at_, size));
      at_ += size;
      most_waiting = std::max(most_waiting, end_.connection->backlog_bytes());
    }
    if (at_ == text_.size()) {
      end_.call([](Connection& own) { own.shutdown(); });
    }
  }
  size_t most_waiting = 0;

 private:
  End& end_;
  std::string text_;
  size_t piece_;
  size_t at_ = 0;
};

}  // namespace

TEST_CASE("ready is told from the loop, once, before any data") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    CHECK(pair.server.ready == 0);
    CHECK(pair.client.ready == 0);
    pair.client.write("before ready");
    pair.server.then_ready = [&pair] { CHECK(pair.server.received.empty()); };
    pair.server.then_data = [&pair] {
      CHECK(pair.server.ready == 1);
      pair.loop.stop();
    };
    pair.loop.run();
    CHECK(pair.server.received == "before ready");
    CHECK(pair.server.ready == 1);
    CHECK(pair.client.ready == 1);
    CHECK(pair.client.connection->is_tls() == tls);
    if (tls) CHECK(pair.client.connection->tls()->alpn() == "http/1.1");
  }
}

TEST_CASE("ten megabytes go both ways under back-pressure, in small and in large writes") {
  for (const bool tls : {false, true}) {
    for (const size_t piece : {size_t{3000}, size_t{70'000}}) {
      CAPTURE(tls);
      CAPTURE(piece);
      Pair pair(tls);
      pair.run_until_ready();
      const std::string up = pattern(10'000'000);
      const std::string down = pattern(10'000'019);
      Producer uplink(pair.client, up, piece);
      Producer downlink(pair.server, down, piece);
      uplink.produce();
      downlink.produce();
      const auto check = [&pair] {
        if (pair.client.ended + pair.server.ended == 2) pair.loop.stop();
      };
      pair.client.then_end = pair.server.then_end = check;
      pair.loop.run();
      CHECK((pair.server.received == up));
      CHECK((pair.client.received == down));
      CHECK(uplink.most_waiting < Connection::kHighWaterBytes + 2 * piece + 100'000);
      CHECK(pair.client.drained > 0);
      CHECK(pair.client.connection->backlog_bytes() == 0);
    }
  }
}

TEST_CASE("small writes of one iteration leave in the order they were made, also around a large one") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string large = pattern(200'000);
    pair.client.write("one ");
    pair.client.call([](Connection& own) {
      std::memcpy(own.reserve(100), "two ", 4);
      own.commit(4);
    });
    CHECK(pair.client.connection->backlog_bytes() == 8);
    pair.client.write(large);
    pair.client.write(" three");
    pair.client.call([](Connection& own) { own.flush_now(); });
    pair.client.write(" four");
    pair.client.call([](Connection& own) { own.shutdown(); });
    pair.client.write("after shutdown");
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK((pair.server.received == "one two " + large + " three four"));
  }
}

TEST_CASE("over TLS the records that came together are handed out together") {
  Pair pair(true);
  pair.run_until_ready();
  for (int i = 0; i < 100; ++i) {
    pair.client.write("x");
    pair.client.call([](Connection& own) { own.flush_now(); });
  }
  pair.server.then_data = [&pair] {
    if (pair.server.received.size() == 100) pair.loop.stop();
  };
  pair.loop.run();
  CHECK(pair.server.received == std::string(100, 'x'));
  CHECK(pair.server.calls < 10);
}

TEST_CASE("a paused reader gets nothing, and everything after it has resumed") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string text = pattern(3'000'000);
    pair.server.then_data = [&pair] {
      if (pair.server.calls == 1) pair.server.call([](Connection& own) { own.pause_read(); });
    };
    pair.server.limit = 5000;
    pair.client.write(text);
    pair.client.call([](Connection& own) { own.shutdown(); });
    pair.turn();
    CHECK(pair.server.calls == 1);
    CHECK_FALSE(pair.server.connection->reading());
    CHECK(pair.server.ended == 0);
    pair.server.then_data = nullptr;
    pair.server.call([](Connection& own) { own.resume_read(); });
    CHECK(pair.server.calls == 1);  // not from inside resume_read
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK((pair.server.received == text));
    CHECK(pair.server.largest <= 5000);
  }
}

TEST_CASE("a read limit of zero pauses, in the middle of what a TLS session holds too") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string text = pattern(100'000);
    pair.server.limit = 1000;
    pair.server.then_data = [&pair] { pair.server.limit = 0; };
    pair.client.write(text);
    pair.client.call([](Connection& own) { own.shutdown(); });
    for (size_t expected = 1000; expected <= 5000; expected += 1000) {
      pair.turn();
      CHECK(pair.server.received.size() == expected);
      CHECK_FALSE(pair.server.connection->reading());
      pair.server.limit = 1000;
      pair.server.call([](Connection& own) { own.resume_read(); });
    }
    pair.server.then_data = nullptr;
    pair.server.limit = 100'000;
    pair.server.call([](Connection& own) { own.resume_read(); });
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK((pair.server.received == text));
  }
}

TEST_CASE("after a half-close the other direction goes on") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.write("question");
    pair.client.call([](Connection& own) { own.shutdown(); });
    pair.server.then_end = [&pair] {
      pair.server.write("answer");
      pair.server.call([](Connection& own) { own.close_after_flush(); });
    };
    pair.client.then_end = [&pair] { pair.client.call([](Connection& own) { own.close(); }); };
    pair.loop.run();  // ends: both are closed
    CHECK(pair.server.received == "question");
    CHECK(pair.client.received == "answer");
    CHECK(pair.client.ended == 1);
    REQUIRE(pair.client.closed);
    CHECK(pair.client.closed->code == ErrorCode::kClosed);
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kClosed);
    CHECK(pair.server.closed->side == Side::kClient);
  }
}

TEST_CASE("close tells the owner later, once, and the peer that it is the end") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.call([](Connection& own) {
      own.close();
      own.close();
      own.abort();
      own.write("dropped");
      own.close_after_flush();
      own.resume_read();
    });
    CHECK_FALSE(pair.client.closed);
    CHECK(pair.client.connection->peer().port != 0);  // still known for the log
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    REQUIRE(pair.client.closed);
    CHECK(pair.client.closed->code == ErrorCode::kClosed);
    CHECK(pair.server.ended == 1);
    CHECK(pair.server.received.empty());
  }
}

TEST_CASE("abort resets: the peer sees a failure and no end") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.call([](Connection& own) { own.abort(); });
    pair.loop.run();
    REQUIRE(pair.client.closed);
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kReset);
    CHECK(pair.server.closed->side == Side::kClient);
    CHECK(pair.server.ended == 0);
  }
}

TEST_CASE("a reset is seen while reading is paused") {
  Pair pair(false);
  pair.run_until_ready();
  pair.server.call([](Connection& own) { own.pause_read(); });
  CHECK_FALSE(pair.server.connection->peer_is_gone());
  pair.client.call([](Connection& own) { own.abort(); });
  pair.turn();
  CHECK(pair.server.connection->peer_is_gone());
}

TEST_CASE("a lingering close delivers the whole answer to a peer that is still sending") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string answer = pattern(2'000'000);
    Producer upload(pair.client, pattern(20'000'000), 100'000);
    pair.server.then_data = [&pair, &answer] {
      pair.server.then_data = nullptr;
      pair.server.write(answer);
      pair.server.call([](Connection& own) { own.close_after_flush(); });
    };
    pair.client.then_end = [&pair] { pair.client.call([](Connection& own) { own.close(); }); };
    upload.produce();
    pair.loop.run();
    CHECK((pair.client.received == answer));
    CHECK(pair.client.ended == 1);
    CHECK(pair.server.calls == 1);
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kClosed);
  }
}

TEST_CASE("a lingering close ends by itself where the peer neither reads nor closes") {
  for (const size_t waiting : {size_t{0}, size_t{30'000'000}}) {
    CAPTURE(waiting);
    Pair pair(false);
    pair.run_until_ready();
    pair.client.call([](Connection& own) { own.pause_read(); });
    pair.server.write(std::string(waiting, 'x'));
    pair.server.call([](Connection& own) { own.close_after_flush(Duration{1}); });
    pair.server.then_closed = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kClosed);
    pair.client.call([](Connection& own) { own.resume_read(); });
    pair.client.then_end = [&pair] { pair.loop.stop(); };
    pair.client.then_closed = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    // A cut answer is reset, a complete one ends.
    CHECK(pair.client.ended == (waiting == 0 ? 1 : 0));
    CHECK(pair.client.closed.has_value() == (waiting != 0));
  }
}

TEST_CASE("a failed handshake ends both sides, with an alert for the peer") {
  Pair pair(true, "evil.example");
  pair.loop.run();
  REQUIRE(pair.client.closed);
  CHECK(pair.client.closed->code == ErrorCode::kTlsFailed);
  CHECK(pair.client.closed->side == Side::kTunnel);
  CHECK(std::string(pair.client.closed->context) == "hostname mismatch");
  REQUIRE(pair.server.closed);
  CHECK(pair.server.closed->code == ErrorCode::kTlsFailed);
  CHECK(std::string(pair.server.closed->context).find("bad certificate") != std::string::npos);
  CHECK(pair.client.ready + pair.server.ready == 0);
}

TEST_CASE("a connection can be handed over in on_ready and in on_data, and buried in on_data") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    End second;
    second.loop = &pair.loop;
    pair.server.then_data = [&pair, &second] {
      second.connection = std::move(pair.server.connection);
      second.connection->set_handler(&second);
    };
    second.then_data = [&pair, &second] {
      second.connection->set_handler(nullptr);
      pair.loop.bury(std::move(second.connection));
    };
    pair.client.then_ready = [&pair] { pair.client.write("first"); };
    pair.turn();
    CHECK(pair.server.received == "first");
    REQUIRE(second.connection != nullptr);
    pair.client.write("second");
    pair.client.then_end = [&pair] { pair.loop.stop(); };
    pair.client.then_closed = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK(second.received == "second");
    CHECK(second.connection == nullptr);
    CHECK(pair.server.calls == 1);
  }
}

TEST_CASE("congestion begins above the high mark and its end is told at the low one, not inside a write") {
  Pair pair(false);
  pair.run_until_ready();
  pair.client.call([](Connection& own) { own.set_water_marks(1000, 10); });
  pair.client.write(std::string(900, 'x'));
  CHECK_FALSE(pair.client.connection->congested());
  pair.client.write(std::string(900, 'x'));
  CHECK(pair.client.connection->congested());
  pair.client.call([](Connection& own) { own.flush_now(); });
  CHECK(pair.client.drained == 0);
  pair.client.then_drained = [&pair] { pair.loop.stop(); };
  pair.loop.run();
  CHECK(pair.client.drained == 1);
  CHECK_FALSE(pair.client.connection->congested());
}

TEST_CASE("a write after the peer is gone ends in on_closed, later") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.call([](Connection& own) { own.pause_read(); });
    pair.server.call([](Connection& own) { own.abort(); });
    pair.turn();
    CHECK_FALSE(pair.client.closed);
    pair.client.write(std::string(100'000, 'x'));
    pair.client.write(std::string(100'000, 'x'));
    pair.loop.run();
    REQUIRE(pair.client.closed);
    CHECK(pair.client.closed->code == ErrorCode::kReset);
  }
}
