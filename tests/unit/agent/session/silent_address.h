// An address on loopback that answers nothing, as a host that is down does: its queue of connections is full.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

#include "common/uv/owned_fd.h"
#include "common/uv/socket.h"

namespace ingress::agent::test {

class SilentAddress {
 public:
  // 0: a free port.
  explicit SilentAddress(int port = 0) : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<uint16_t>(port));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    auto* const any = reinterpret_cast<sockaddr*>(&name);
    REQUIRE(::bind(listening_.get(), any, size) == 0);
    REQUIRE(::listen(listening_.get(), 0) == 0);
    REQUIRE(::getsockname(listening_.get(), any, &size) == 0);
    address = {"127.0.0.1", ntohs(name.sin_port), ""};
    for (int i = 0; i < 4; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      (void)::connect(waiting_.back().get(), any, size);
    }
  }

  uv::Address address;

 private:
  uv::OwnedFd listening_;
  std::vector<uv::OwnedFd> waiting_;
};

}  // namespace ingress::agent::test
