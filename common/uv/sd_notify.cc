#include "common/uv/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace ingress::uv {
namespace {

// What a drain may take beside its grace period: the last goodbyes, and ending.
constexpr Duration kStopMargin{10000};

std::string path_of_environment() {
  const char* path = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  return path == nullptr ? "" : path;
}

std::string extension(Duration at_most) {
  const std::chrono::microseconds limit = at_most + kStopMargin;
  return "EXTEND_TIMEOUT_USEC=" + std::to_string(limit.count());
}

}  // namespace

SdNotify::SdNotify() : SdNotify(path_of_environment()) {}

void SdNotify::send(std::string_view message) const {
  sockaddr_un address{};
  if (path_.empty() || path_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_.front() == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  (void)::sendto(socket, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), size);
  ::close(socket);
}

void SdNotify::send_stopping(Duration at_most) const { send("STOPPING=1\nSTATUS=draining\n" + extension(at_most)); }

void SdNotify::send_draining(Duration at_most) const { send(extension(at_most)); }

}  // namespace ingress::uv
