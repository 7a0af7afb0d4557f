// A tunnel session's frames into its connection: what both ends of a tunnel put between the two. Neither knows the
// other: the owner of both wires them. Its connection's on_data goes to Session::receive, on_drained to
// Session::on_room, on_closed to Session::lost.
#pragma once

#include "common/transport/connection.h"
#include "common/tunnel/session.h"

namespace ingress::tunnel_link {

// Bytes that the kernel may hold unsent for a tunnel (TCP_NOTSENT_LOWAT): what lies there can no longer be overtaken by
// a small answer.
inline constexpr size_t kNotSentLowatBytes = 128 * 1024;

class ConnectionSink final : public tunnel::FrameSink {
 public:
  // `connection` outlives the sink.
  explicit ConnectionSink(transport::Connection& connection) : connection_(connection) {}

  void write(Bytes bytes) override { connection_.write(bytes); }
  // Nothing while the connection is congested, until its on_drained: so on_room is called at the low-water mark and not
  // once a write.
  size_t room() const override {
    const size_t backlog = connection_.backlog_bytes();
    if (connection_.congested() || backlog >= transport::Connection::kHighWaterBytes) return 0;
    return transport::Connection::kHighWaterBytes - backlog;
  }

 private:
  transport::Connection& connection_;
};

}  // namespace ingress::tunnel_link
