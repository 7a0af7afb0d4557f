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

Address address_of(int fd) {
  Address address = local_of(fd);
  if (address.ip.empty()) address.unix_path = unix_path_of(fd);
  return address;
}

bool is_same(const Address& one, const Address& other) {
  return one.ip == other.ip && one.port == other.port && one.unix_path == other.unix_path;
}

// Any-addresses, each of another family.
bool is_sibling(const Address& one, const Address& other) {
  return is_any(one.ip) && is_any(other.ip) && one.ip != other.ip && one.port == other.port;
}

auto find_bound_to(std::vector<OwnedFd>& sockets, const Address& address) {
  const auto bound_so = [&sockets, &address](bool (*matches)(const Address&, const Address&)) {
    return std::find_if(sockets.begin(), sockets.end(),
                        [&](const OwnedFd& fd) { return matches(address_of(fd.get()), address); });
  };
  const auto exact = bound_so(is_same);
  return exact != sockets.end() ? exact : bound_so(is_sibling);
}

bool has(const std::vector<Address>& addresses, const Address& address) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&address](const Address& each) { return is_same(each, address); });
}

}  // namespace

bool is_inherited(const Address& address) { return find_bound_to(inherited(), address) != inherited().end(); }

Status hold_socket(const Address& address) {
  if (is_inherited(address)) return {};
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

std::vector<Address> with_inherited(const std::vector<Address>& addresses) {
  std::vector<Address> bound;
  for (const OwnedFd& fd : inherited()) bound.push_back(address_of(fd.get()));
  std::vector<Address> all = addresses;
  for (const Address& address : addresses) {
    if (!has(bound, address)) continue;  // its sibling is for it
    const auto sibling =
        std::find_if(bound.begin(), bound.end(), [&address](const Address& each) { return is_sibling(each, address); });
    if (sibling != bound.end() && !has(all, *sibling)) all.push_back(*sibling);
  }
  return all;
}

std::vector<Address> close_unused_sockets() {
  std::vector<Address> unused;
  for (const OwnedFd& fd : inherited()) unused.push_back(address_of(fd.get()));
  inherited().clear();
  return unused;
}

}  // namespace ingress::uv
