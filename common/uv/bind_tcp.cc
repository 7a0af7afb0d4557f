#include "common/uv/bind_tcp.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "common/uv/sock_address.h"

namespace ingress::uv {
namespace {

int bind_socket(const sockaddr_storage& storage) {
  const bool v6 = storage.ss_family == AF_INET6;
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  const int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const socklen_t size = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

bool is_any_v4(const sockaddr_storage& storage) {
  return storage.ss_family == AF_INET &&
         reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr.s_addr == htonl(INADDR_ANY);
}

}  // namespace

int bind_tcp(const Address& address) {
  sockaddr_storage storage;
  if (!to_sockaddr(address, storage)) return -EINVAL;
  if (!is_any_v4(storage)) return bind_socket(storage);
  sockaddr_storage both;
  to_sockaddr(Address{"::", address.port, ""}, both);
  const int fd = bind_socket(both);
  return fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL ? bind_socket(storage) : fd;
}

}  // namespace ingress::uv
