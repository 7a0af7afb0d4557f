#include "common/uv/network_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/uv/loop.h"
#include "common/uv/poller.h"

namespace ingress::uv {
namespace {

// An open socket that is told of changes, or -1.
int open_socket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -1;
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

struct NetworkWatch::Impl final : Polled {
  Impl(Loop& loop, std::function<void()> changed) : on_change(std::move(changed)) {
    if (const int socket = open_socket(); socket >= 0) fd = PolledFd(loop.poller(), socket, EPOLLIN, *this);
  }

  void on_ready(uint32_t) override {
    // What changed does not matter: it is read to be told of the next change.
    std::array<char, 8192> message;
    do {
      errno = 0;
    } while (recv(fd.fd(), message.data(), message.size(), 0) > 0 || errno == ENOBUFS);
    on_change();
  }

  PolledFd fd;
  std::function<void()> on_change;
};

NetworkWatch::NetworkWatch(Loop& loop, std::function<void()> on_change)
    : impl_(std::make_unique<Impl>(loop, std::move(on_change))) {}

NetworkWatch::~NetworkWatch() = default;

}  // namespace ingress::uv
