#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <uv.h>

#include <charconv>

#include "common/base/loopback_ip.h"
#include "common/uv/sock_address.h"
#include "common/uv/socket.h"

namespace ingress::uv {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

tl::unexpected<Error> not_an_address() {
  return fail(ErrorCode::kInvalidArgument, Side::kInternal, "address is IP:PORT, [IPv6]:PORT, :PORT or unix:/PATH");
}

bool parse_port(std::string_view text, int& port) {
  if (text.empty() || text.size() > 5) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 0 && port <= 65535;
}

std::string text_of(int family, const void* bytes) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, bytes, text, sizeof text) == nullptr ? std::string() : std::string(text);
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  Address address;
  if (text.starts_with(kUnixPrefix)) {
    address.unix_path = text.substr(kUnixPrefix.size());
    if (address.unix_path.empty()) return not_an_address();
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !parse_port(text.substr(colon + 1), address.port)) return not_an_address();
  std::string_view ip = text.substr(0, colon);
  const bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  address.ip = ip.empty() ? "::" : std::string(ip);
  // An IPv6 address without brackets is refused: where its port begins would be a guess.
  if (!ip.empty() && bracketed != (ip.find(':') != std::string_view::npos)) return not_an_address();
  sockaddr_storage storage;
  if (!to_sockaddr(address, storage)) return not_an_address();
  return address;
}

bool Address::is_loopback() const { return is_loopback_ip(ip); }

std::string Address::to_text() const {
  if (!unix_path.empty()) return std::string(kUnixPrefix) + unix_path;
  if (ip.empty()) return {};
  const std::string host = ip.find(':') == std::string::npos ? ip : '[' + ip + ']';
  return host + ':' + std::to_string(port);
}

bool to_sockaddr(const Address& address, sockaddr_storage& to) {
  to = {};
  if (address.ip.find(':') == std::string::npos) {
    return uv_ip4_addr(address.ip.c_str(), address.port, reinterpret_cast<sockaddr_in*>(&to)) == 0;
  }
  return uv_ip6_addr(address.ip.c_str(), address.port, reinterpret_cast<sockaddr_in6*>(&to)) == 0;
}

Address from_sockaddr(const sockaddr* from) {
  Address address;
  if (from->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(from);
    address.ip = text_of(AF_INET, &v4->sin_addr);
    address.port = ntohs(v4->sin_port);
  } else if (from->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(from);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    address.ip = mapped ? text_of(AF_INET, v6->sin6_addr.s6_addr + 12) : text_of(AF_INET6, &v6->sin6_addr);
    address.port = ntohs(v6->sin6_port);
  }
  return address;
}

Address peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  return getpeername(fd, address, &size) == 0 ? from_sockaddr(address) : Address();
}

void send_unpaced(int fd) {
  constexpr std::string_view kUnpaced = "reno";  // every kernel has it, for every user
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kUnpaced.data(), kUnpaced.size());
}

Address local_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  return getsockname(fd, address, &size) == 0 ? from_sockaddr(address) : Address();
}

bool is_disconnected(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) return info.tcpi_state == TCP_CLOSE;
  pollfd polled{fd, 0, 0};
  return poll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR)) != 0;
}

size_t held_output(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

}  // namespace ingress::uv
