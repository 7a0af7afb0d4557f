// The system calls that common/uv makes, answered by the simulated kernel. The linker sends them here (--wrap), from
// every object of the simulator; what is not about the simulated kernel's descriptors goes on to the real one.
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>

#include "tests/sim/kernel.h"
#include "tests/sim/loop_wait.h"

namespace {

using ingress::Bytes;
using ingress::sim::Kernel;
using ingress::sim::SimAddress;
using ingress::sim::SimSocket;

bool ours(int fd) { return Kernel::current != nullptr && fd >= Kernel::kFirstFd; }

template <class Value>
Value told(Value result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

// [::1] and the IPv6 any-address have no listener of their own here.
SimAddress address_of(const sockaddr* from) {
  if (from->sa_family != AF_INET) return {1, ntohs(reinterpret_cast<const sockaddr_in6*>(from)->sin6_port)};
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(from);
  return {ntohl(v4->sin_addr.s_addr), ntohs(v4->sin_port)};
}

void put_address(SimAddress from, sockaddr* to, socklen_t* size) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(from.ip);
  v4.sin_port = htons(from.port);
  std::memcpy(to, &v4, sizeof v4);
  *size = sizeof v4;
}

SimSocket* stream_of(int fd) { return ours(fd) ? Kernel::current->stream(fd) : nullptr; }

}  // namespace

// The names are the linker's.
extern "C" {

int __real_close(int fd);
int __real_fcntl(int fd, int command, ...);

// No news of links and routes (AF_NETLINK): as in a sandbox.
int __wrap_socket(int domain, int, int) {
  return domain == AF_INET || domain == AF_INET6 ? Kernel::current->socket() : told(-EAFNOSUPPORT);
}

int __wrap_connect(int fd, const sockaddr* to, socklen_t) { return told(Kernel::current->connect(fd, address_of(to))); }

int __wrap_bind(int fd, const sockaddr* to, socklen_t) { return told(Kernel::current->bind(fd, address_of(to))); }
int __wrap_listen(int fd, int) { return told(Kernel::current->listen(fd)); }
int __wrap_accept4(int fd, sockaddr*, socklen_t*, int) { return told(Kernel::current->accept(fd)); }

int __wrap_close(int fd) { return ours(fd) ? told(Kernel::current->close(fd)) : __real_close(fd); }

// F_DUPFD_CLOEXEC is all that is asked.
int __wrap_fcntl(int fd, int command, ...) {
  if (ours(fd)) return told(Kernel::current->duplicate(fd));
  va_list rest;
  va_start(rest, command);
  const long argument = va_arg(rest, long);
  va_end(rest);
  return __real_fcntl(fd, command, argument);
}

ssize_t __wrap_recv(int fd, void* to, size_t size, int) {
  SimSocket* const stream = stream_of(fd);
  return stream == nullptr ? told<ssize_t>(-EBADF) : told(stream->recv({static_cast<uint8_t*>(to), size}));
}

ssize_t __wrap_send(int fd, const void* from, size_t size, int) {
  SimSocket* const stream = stream_of(fd);
  return stream == nullptr ? told<ssize_t>(-EBADF) : told(stream->send({static_cast<const uint8_t*>(from), size}));
}

ssize_t __wrap_sendmsg(int fd, const msghdr* message, int) {
  SimSocket* const stream = stream_of(fd);
  if (stream == nullptr) return told<ssize_t>(-EBADF);
  ssize_t sent = 0;
  for (size_t i = 0; i < message->msg_iovlen; ++i) {
    const iovec& part = message->msg_iov[i];
    const ssize_t taken = stream->send({static_cast<const uint8_t*>(part.iov_base), part.iov_len});
    if (taken < 0) return sent > 0 ? sent : told(taken);
    sent += taken;
    if (static_cast<size_t>(taken) < part.iov_len) break;
  }
  return sent;
}

int __wrap_shutdown(int fd, int) {
  if (SimSocket* const stream = stream_of(fd); stream != nullptr) stream->shutdown();
  return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void* value, socklen_t) {
  SimSocket* const stream = stream_of(fd);
  const bool at_once = level == SOL_SOCKET && name == SO_LINGER && static_cast<const linger*>(value)->l_onoff != 0;
  if (stream != nullptr && at_once) stream->reset_on_close();
  return 0;
}

int __wrap_getsockopt(int fd, int level, int name, void* value, socklen_t*) {
  SimSocket* const stream = stream_of(fd);
  if (stream == nullptr) return told(-EBADF);
  if (level == SOL_SOCKET && name == SO_ERROR) {
    const int error = stream->take_error();
    std::memcpy(value, &error, sizeof error);
    return 0;
  }
  if (level != IPPROTO_TCP || name != TCP_INFO) return told(-ENOPROTOOPT);
  static_cast<tcp_info*>(value)->tcpi_state = stream->reset() ? TCP_CLOSE : TCP_ESTABLISHED;
  return 0;
}

int __wrap_ioctl(int fd, unsigned long request, void* value) {
  const SimSocket* const stream = stream_of(fd);
  if (stream == nullptr || request != SIOCOUTQ) return told(-ENOTTY);
  *static_cast<int*>(value) = static_cast<int>(stream->in_flight());
  return 0;
}

int __wrap_getsockname(int fd, sockaddr* to, socklen_t* size) {
  SimAddress address;
  if (!ours(fd) || !Kernel::current->bound(fd, address)) return told(-EBADF);
  put_address(address, to, size);
  return 0;
}

int __wrap_getpeername(int fd, sockaddr* to, socklen_t* size) {
  const SimSocket* const stream = stream_of(fd);
  if (stream == nullptr || stream->reset()) return told(-ENOTCONN);
  put_address(stream->peer(), to, size);
  return 0;
}

// The descriptors here are numbered above the real ones, and are not scarce.
int __wrap_getrlimit(int, rlimit* limit) {
  limit->rlim_cur = limit->rlim_max = 1 << 20;
  return 0;
}

int __wrap_epoll_create1(int) { return Kernel::current->epoll_create(); }

int __wrap_epoll_ctl(int set, int operation, int fd, epoll_event* event) {
  if (operation == EPOLL_CTL_DEL) return told(Kernel::current->epoll_remove(set, fd));
  return told(Kernel::current->epoll_add(set, fd, event->events, event->data.u64));
}

int __wrap_epoll_wait(int set, epoll_event* events, int most, int timeout_ms) {
  Kernel::Event taken[64];
  const size_t room = std::min<size_t>(std::size(taken), static_cast<size_t>(most));
  const size_t count = ingress::sim::wait_in_loop(*Kernel::current->epoll_set(set), taken, room, timeout_ms);
  for (size_t i = 0; i < count; ++i) {
    events[i].events = taken[i].events;
    events[i].data.u64 = taken[i].data;
  }
  return static_cast<int>(count);
}

}  // extern "C"
