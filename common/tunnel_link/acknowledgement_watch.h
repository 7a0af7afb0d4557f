// Tells a session that waits for an answer whether its bytes still arrive: on a slow path a PING waits for seconds
// behind a bulk body, and the peer is well. Thread: the loop's.
#pragma once

#include <cstdint>

#include "common/transport/connection.h"
#include "common/tunnel/session.h"

namespace ingress::tunnel_link {

class AcknowledgementWatch {
 public:
  // Before each tick of the session. A system call only where it waits.
  void look(const transport::Connection& connection, tunnel::Session& session, Time now) {
    if (!session.waits_for_answer()) {
      looked_ = false;
      return;
    }
    const uint64_t bytes = connection.acknowledged_bytes();
    if (looked_ && bytes > last_bytes_) session.bytes_acknowledged(now);
    last_bytes_ = bytes;
    looked_ = true;
  }

 private:
  uint64_t last_bytes_ = 0;
  bool looked_ = false;
};

}  // namespace ingress::tunnel_link
