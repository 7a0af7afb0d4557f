// The other end of a connection of the broker's, by hand: an agent's session at a socket, which is read and written
// when the test says so.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "common/uv/owned_fd.h"
#include "common/uv/timer.h"
#include "tests/unit/common/tunnel/session_pair.h"

namespace ingress::broker::test {

// One iteration, or a few.
inline void turn(uv::Loop& loop) {
  uv::Timer timer(loop, [&loop] { loop.stop(); });
  timer.start(Duration{1});
  loop.run();
}

class FarAgent {
 public:
  explicit FarAgent(uv::Loop& loop) : loop_(loop) {
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    near_ = uv::OwnedFd(fds[0]);
    far_ = uv::OwnedFd(fds[1]);
  }

  // The broker's end. Once.
  std::unique_ptr<transport::Connection> connection() {
    auto socket = uv::Socket::adopt(loop_, std::move(near_));
    REQUIRE(socket.has_value());
    return std::make_unique<transport::Connection>(loop_, std::move(*socket), nullptr, Side::kTunnel);
  }

  // Takes what the session has written, as the bytes that a broker has read of the connection.
  tunnel::test::Payload written() {
    const std::vector<uint8_t> bytes = std::exchange(end.sink.out, {});
    return tunnel::test::Payload(Bytes(bytes));
  }

  // Carries bytes both ways until there are none.
  void pump() {
    do {
      send_written();
      turn(loop_);
      receive();
    } while (!end.sink.out.empty());
  }

  // To where the broker's end reads it in its next turn.
  void send_written() {
    const std::vector<uint8_t> out = std::exchange(end.sink.out, {});
    REQUIRE(send(far_.get(), out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size()));
  }
  void receive() {
    std::array<uint8_t, 4096> in{};
    for (ssize_t size = 0; (size = recv(far_.get(), in.data(), in.size(), 0)) > 0;) {
      end.receive(Bytes(in.data(), static_cast<size_t>(size)), loop_.now());
    }
  }

  void hang_up() {
    far_ = {};
    turn(loop_);
  }

  tunnel::test::End end{tunnel::Role::kAgent, {}, Time{}};

 private:
  uv::Loop& loop_;
  uv::OwnedFd near_;
  uv::OwnedFd far_;
};

}  // namespace ingress::broker::test
