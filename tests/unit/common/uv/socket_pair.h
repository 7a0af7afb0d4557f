// Two connected sockets, and what each was told.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::test {

using namespace uv;

// One end of a connection, and what it saw.
struct End final : SocketHandler {
  explicit End(std::unique_ptr<Socket> with) : socket(std::move(with)) { socket->set_handler(this); }

  size_t read_limit() override { return limit; }
  void on_read(MutableBytes bytes) override {
    largest = std::max(largest, bytes.size());
    received += as_text(bytes);
    if (then_read) then_read();
  }
  void on_read_end() override {
    ended = true;
    if (then_end) then_end();
  }
  void on_failed(const Error& error) override {
    failed = error;
    ++failures;
    if (then_failed) then_failed();
  }
  void on_write_drained() override {
    ++drained;
    if (then_drained) then_drained();
  }

  std::unique_ptr<Socket> socket;
  std::string received;
  size_t limit = Loop::kReadBufferBytes;
  size_t largest = 0;
  bool ended = false;
  int drained = 0;
  int failures = 0;
  Error failed;
  std::function<void()> then_read, then_end, then_failed, then_drained;
};

// Two connected ends over loopback.
struct Pair {
  explicit Pair(const Address& at) {
    auto listening = Listener::listen(loop, at, [this](std::unique_ptr<Socket> socket) {
      server = std::make_unique<End>(std::move(socket));
      listener.reset();
      if (client != nullptr) loop.stop();
    });
    REQUIRE(listening.has_value());
    listener = std::move(*listening);
    connecting = Connecting::connect(loop, listener->local(), [this](Result<std::unique_ptr<Socket>> result) {
      REQUIRE(result.has_value());
      client = std::make_unique<End>(std::move(*result));
      if (server != nullptr) loop.stop();
    });
    loop.run();
    REQUIRE(server != nullptr);
    REQUIRE(client != nullptr);
  }

  Loop loop;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connecting> connecting;
  std::unique_ptr<End> server;
  std::unique_ptr<End> client;
};

inline Address loopback() { return *Address::parse("127.0.0.1:0"); }

struct TemporaryFolder {
  TemporaryFolder() { REQUIRE(mkdtemp(path) != nullptr); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  char path[32] = "/tmp/ingress-socket-XXXXXX";
};

}  // namespace ingress::test
