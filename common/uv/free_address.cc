#include "common/uv/free_address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

#include "common/uv/bind_tcp.h"
#include "common/uv/owned_fd.h"
#include "common/uv/sock_address.h"

namespace ingress::uv {

bool is_free(const Address& address) {
  sockaddr_storage storage{};
  if (!address.unix_path.empty() || !to_sockaddr(address, storage)) return false;
  if (storage.ss_family == AF_INET) return OwnedFd(bind_tcp(address)).valid();
  const OwnedFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd.valid() || setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return false;
  if (setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return false;
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), sizeof(sockaddr_in6)) == 0;
}

std::vector<std::string> network_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(first, freeifaddrs);
  std::vector<std::string> found;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0 || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    const std::string ip = from_sockaddr(each->ifa_addr).ip;
    if (!ip.empty() && !ip.starts_with("fe80:") && !ip.starts_with("169.254.")) found.push_back(ip);
  }
  return found;
}

}  // namespace ingress::uv
