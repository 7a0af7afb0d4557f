// Tells a supervisor how the program is doing (systemd's sd_notify protocol): one datagram a message to the socket that
// NOTIFY_SOCKET names. Without that variable every call does nothing. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace ingress::uv {

class SdNotify {
 public:
  // Reads NOTIFY_SOCKET; a leading @ means an abstract socket.
  SdNotify();
  explicit SdNotify(std::string socket_path) : path_(std::move(socket_path)) {}

  // "READY=1", "STOPPING=1", "STATUS=…"; several lines in one message are allowed. A supervisor that does not listen is
  // ignored.
  void send(std::string_view message) const;
  // STOPPING=1, and that it may take up to `at_most` (and a little): systemd then waits so long, and not
  // TimeoutStopSec.
  void send_stopping(Duration at_most) const;
  // The second half of that: of a child, whose parent says whether the service is stopping.
  void send_draining(Duration at_most) const;

 private:
  std::string path_;
};

}  // namespace ingress::uv
