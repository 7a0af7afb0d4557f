// Two connections over loopback, clear or TLS, and what each was told.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "tests/unit/common/tls/test_certificates.h"

namespace ingress::test {

using transport::Connection;
using transport::ConnectionHandler;

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
    if (then_bytes) then_bytes(bytes);
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
  std::function<void(MutableBytes)> then_bytes;
  std::function<void()> then_ready, then_data, then_end, then_drained, then_closed;
};

struct TlsFixture {
  TlsFixture() {
    files.issue("a", "DNS:broker.example");
    REQUIRE(server.load(files.folder(), [](const std::string&, const Error&) {}).has_value());
    client = std::move(*tls::ClientContext::create(files.ca_file(), {"http/1.1"}));
  }
  Certificates files;
  tls::ServerContext server{{"http/1.1"}};
  std::unique_ptr<tls::ClientContext> client;
};

inline TlsFixture& tls_fixture() {
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

inline std::string pattern(size_t size) {
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

}  // namespace ingress::test
