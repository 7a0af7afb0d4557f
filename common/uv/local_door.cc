#include "common/uv/local_door.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace ingress::uv {
namespace {

constexpr int kBacklog = 64;

OwnedFd unix_socket() { return OwnedFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

tl::unexpected<Error> failed(const char* context) { return fail(ErrorCode::kIo, Side::kInternal, context, errno); }

}  // namespace

Result<OwnedFd> make_local_door() {
  OwnedFd door = unix_socket();
  sockaddr_un none{};
  none.sun_family = AF_UNIX;
  // Without a name the kernel chooses one in the abstract namespace (unix(7), autobind).
  if (!door.valid() || bind(door.get(), reinterpret_cast<const sockaddr*>(&none), sizeof none.sun_family) != 0 ||
      listen(door.get(), kBacklog) != 0) {
    return failed("making a local door");
  }
  return door;
}

Result<OwnedFd> connect_to_local_door(const OwnedFd& door) {
  sockaddr_un name{};
  socklen_t size = sizeof name;
  OwnedFd connection = unix_socket();
  if (!connection.valid() || getsockname(door.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0 ||
      connect(connection.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0) {
    return failed("connecting to a local door");
  }
  return connection;
}

bool is_connected_by_parent(const OwnedFd& connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getppid() &&
         peer.uid == geteuid();
}

}  // namespace ingress::uv
