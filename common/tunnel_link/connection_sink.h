// A tunnel session's frames into its connection: what both ends of a tunnel put between the two. Neither knows the
// other: the owner of both wires them. Its connection's on_data goes to Session::receive, on_drained to
// Session::on_room, on_closed to Session::lost.
#pragma once

#include <algorithm>

#include "common/transport/connection.h"
#include "common/tunnel/session.h"

namespace ingress::tunnel_link {

// Bytes that the kernel may hold unsent for a tunnel (TCP_NOTSENT_LOWAT): what lies there can no longer be overtaken by
// a small answer.
inline constexpr size_t kNotSentLowatBytes = size_t{128} * 1024;

class ConnectionSink final : public tunnel::FrameSink {
 public:
  // `connection` outlives the sink.
  explicit ConnectionSink(transport::Connection& connection) : connection_(connection) {}

  void write(Bytes bytes) override { connection_.write(bytes); }
  // Nothing while the connection is congested, until its on_drained: on_room is called at the low-water mark and not
  // once a write. Never 0 otherwise, for then no on_drained would come.
  size_t room() const override {
    if (connection_.congested()) return 0;
    const size_t backlog = std::min(connection_.backlog_bytes(), transport::Connection::kHighWaterBytes);
    return std::max(transport::Connection::kHighWaterBytes - backlog, kLeastRoomBytes);
  }

 private:
  static constexpr size_t kLeastRoomBytes = size_t{16} * 1024;

  transport::Connection& connection_;
};

}  // namespace ingress::tunnel_link
