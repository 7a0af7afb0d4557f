// An origin on a free loopback port: takes connections, keeps what they send, writes what the test says.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::agent::test {

class TestOrigin {
 public:
  class Peer final : public uv::SocketHandler {
   public:
    Peer(std::unique_ptr<uv::Socket> socket, std::string answer, bool reads)
        : socket_(std::move(socket)), answer_(std::move(answer)) {
      socket_->set_handler(this);
      if (reads) socket_->start_read();
    }
    void read() { socket_->start_read(); }
    void write(std::string_view text) { socket_->write(as_bytes(text)); }
    void end() { socket_->shutdown(); }
    void close() {
      closed = true;
      socket_.reset();
    }

    std::string received;
    bool closed = false;  // by either side

   private:
    void on_read(MutableBytes bytes) override {
      received += as_text(bytes);
      if (answer_.empty() || received.find("\r\n\r\n") == std::string::npos) return;
      socket_->write(as_bytes(answer_));
      answer_.clear();
    }
    void on_read_end() override { closed = true; }
    void on_failed(const Error&) override { closed = true; }
    void on_write_drained() override {}

    std::unique_ptr<uv::Socket> socket_;
    std::string answer_;
  };

  // Every connection gets `answer` (once, nothing where empty) when a request's head is whole.
  explicit TestOrigin(uv::Loop& loop, std::string answer = "") : answer_(std::move(answer)) {
    auto listener = uv::Listener::listen(loop, uv::Address::parse("127.0.0.1:0").value(),
                                         [this](std::unique_ptr<uv::Socket> socket) {
                                           peers.push_back(std::make_unique<Peer>(std::move(socket), answer_, reads));
                                         });
    REQUIRE(listener.has_value());
    listener_ = std::move(*listener);
    port = listener_->local().port;
  }
  // Nothing listens there any more.
  void stop() { listener_.reset(); }

  int port = 0;
  bool reads = true;
  std::vector<std::unique_ptr<Peer>> peers;

 private:
  std::string answer_;
  std::unique_ptr<uv::Listener> listener_;
};

}  // namespace ingress::agent::test
