#include "ctl/local_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace ingress::ctl {
namespace {

constexpr int kBacklog = 128;

tl::unexpected<Failure> no_forward(std::string_view text) {
  return wrong_usage("-L " + std::string(text) + ": write [ADDRESS:]PORT:MACHINE:PORT, such as 5432:mach_123:5432");
}

bool parse_port(std::string_view text, int& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && !text.empty() && end == text.data() + text.size() && port >= 0 && port <= 65535;
}

// The text before the last colon, and what follows it.
bool cut_last(std::string_view& text, std::string_view& last) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  last = text.substr(colon + 1);
  text = text.substr(0, colon);
  return true;
}

bool to_sockaddr(const LocalForward& forward, sockaddr_storage& to, socklen_t& size) {
  to = {};
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&to);
  if (inet_pton(AF_INET6, forward.bind.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(forward.port));
    size = sizeof *v6;
    return true;
  }
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&to);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(static_cast<uint16_t>(forward.port));
  size = sizeof *v4;
  return inet_pton(AF_INET, forward.bind.c_str(), &v4->sin_addr) == 1;
}

}  // namespace

bool is_far_target(std::string_view text) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  std::string_view port;
  int number = 0;
  return cut_last(text, port) && !text.empty() && std::all_of(text.begin(), text.end(), in_name) &&
         !port.starts_with('0') && parse_port(port, number);
}

Outcome<LocalForward> LocalForward::parse(std::string_view text) {
  LocalForward forward;
  std::string_view rest = text;
  std::string_view port;
  std::string_view host;
  std::string_view own;
  if (!cut_last(rest, port) || !cut_last(rest, host)) return no_forward(text);
  forward.target = std::string(host) + ":" + std::string(port);
  if (!is_far_target(forward.target)) return no_forward(text);
  if (cut_last(rest, own)) {
    if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
    forward.bind = rest == "localhost" ? "127.0.0.1" : rest == "*" ? "0.0.0.0" : std::string(rest);
  } else {
    own = rest;
  }
  sockaddr_storage storage;
  socklen_t size = 0;
  if (!parse_port(own, forward.port) || !to_sockaddr(forward, storage, size)) return no_forward(text);
  return forward;
}

Outcome<std::unique_ptr<LocalListener>> LocalListener::listen(const LocalForward& forward) {
  sockaddr_storage storage;
  socklen_t size = 0;
  to_sockaddr(forward, storage, size);
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&storage), size) != 0 || ::listen(fd, kBacklog) != 0) {
    const std::string why = std::generic_category().message(errno);
    if (fd >= 0) ::close(fd);
    return failed("cannot listen on " + forward.bind + ":" + std::to_string(forward.port) + ": " + why);
  }
  return std::unique_ptr<LocalListener>(new LocalListener(fd, forward.target));
}

LocalListener::~LocalListener() { ::close(fd_); }

std::string LocalListener::address() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size);
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return std::string("[") + text + "]:" + std::to_string(ntohs(v6->sin6_port));
  }
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&storage);
  inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  return std::string(text) + ":" + std::to_string(ntohs(v4->sin_port));
}

int LocalListener::accept() const { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

}  // namespace ingress::ctl
