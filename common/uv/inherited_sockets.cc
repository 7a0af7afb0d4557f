#include "common/uv/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/uv/inherited_fds.h"
#include "common/uv/sock_address.h"

namespace ingress::uv {
namespace {

constexpr int kFirstFd = 3;

bool is_listening(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

std::vector<OwnedFd> find_inherited() {
  std::optional<int> count = number_in_environment(kListenFdsVariable);
  if (!count && number_in_environment("LISTEN_PID") == getpid()) count = number_in_environment("LISTEN_FDS");
  std::vector<OwnedFd> found;
  for (int fd = kFirstFd; fd < kFirstFd + count.value_or(0); ++fd) {
    if (!is_listening(fd)) continue;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    found.emplace_back(fd);
  }
  return found;
}

std::vector<OwnedFd>& inherited() {
  static std::vector<OwnedFd> sockets = find_inherited();
  return sockets;
}

std::string unix_path_of(int fd) {
  sockaddr_un name{};
  socklen_t size = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0 || name.sun_family != AF_UNIX) return {};
  return name.sun_path;
}

bool is_any(std::string_view ip) { return ip == "::" || ip == "0.0.0.0"; }

bool is_bound_to(int fd, const Address& address) {
  if (!address.unix_path.empty()) return unix_path_of(fd) == address.unix_path;
  const Address bound = local_of(fd);
  return bound.port == address.port && (bound.ip == address.ip || (is_any(bound.ip) && is_any(address.ip)));
}

auto find_bound_to(std::vector<OwnedFd>& sockets, const Address& address) {
  return std::find_if(sockets.begin(), sockets.end(),
                      [&address](const OwnedFd& fd) { return is_bound_to(fd.get(), address); });
}

}  // namespace

Status hold_socket(const Address& address) {
  if (find_bound_to(inherited(), address) != inherited().end()) return {};
  Result<OwnedFd> socket = bind_listener(address);
  if (!socket) return tl::unexpected(socket.error());
  inherited().push_back(std::move(*socket));
  return {};
}

OwnedFd take_inherited_socket(const Address& address) {
  std::vector<OwnedFd>& sockets = inherited();
  const auto found = find_bound_to(sockets, address);
  if (found == sockets.end()) return {};
  OwnedFd taken = std::move(*found);
  sockets.erase(found);
  return taken;
}

}  // namespace ingress::uv
