#include "common/uv/sock_address.h"
#include "common/uv/stream_socket.h"

namespace ingress::uv {

StreamHandle::StreamHandle(Loop& loop, Kind kind) {
  if (kind == Kind::kTcp) {
    uv_tcp_init(loop.raw(), tcp());
  } else {
    uv_pipe_init(loop.raw(), pipe(), 0);
  }
}

int StreamHandle::fd() const {
  uv_os_fd_t fd = -1;
  return uv_fileno(handle_.raw(), &fd) == 0 ? fd : -1;
}

Address StreamHandle::local() const {
  sockaddr_storage storage{};
  int size = sizeof storage;
  if (is_tcp() && uv_tcp_getsockname(tcp(), reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    return from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  }
  return {};
}

Address StreamHandle::peer() const {
  sockaddr_storage storage{};
  int size = sizeof storage;
  if (is_tcp() && uv_tcp_getpeername(tcp(), reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    return from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  }
  return {};
}

}  // namespace ingress::uv
