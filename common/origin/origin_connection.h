// One connection to an origin: reads answers, and hands them to the exchange that uses it. Private to common/origin.
//
// Owned by the exchange that uses it, by the pool while it is idle or closing, by the loop's graveyard after that.
#pragma once

#include <memory>
#include <optional>

#include "common/base/byte_buffer.h"
#include "common/base/deadline.h"
#include "common/http/http1_reader.h"
#include "common/transport/connection.h"
#include "common/transport/peer_progress.h"
#include "common/uv/loop.h"

namespace ingress::origin {

class ActiveExchange;
class PoolCore;
struct TargetState;

class OriginConnection final : public uv::Buryable, private transport::ConnectionHandler, private DeadlineHandler {
 public:
  // Request bytes that wait for the kernel, before the exchange's owner is to stop.
  static constexpr size_t kMostBacklogBytes = size_t{64} * 1024;
  // Read at least this much while the answer's head has not come: what of it is body and not welcome is held.
  static constexpr size_t kHeadReadBytes = size_t{16} * 1024;

  // `session` is null in clear.
  OriginConnection(PoolCore& core, TargetState& target, std::unique_ptr<uv::Socket> socket,
                   std::unique_ptr<tls::TlsSession> session);

  // The exchange's answer is the next to come.
  void attach(ActiveExchange& exchange, bool head_request, bool wants_upgrade);
  // Goes to the pool's idle connections; closes there at the deadline.
  void become_idle();
  // The exchange is not told any more; what was written goes out, then it closes.
  void become_closing();
  // Closes now; not told to anyone. To be buried next.
  void become_dead();

  void write(Bytes bytes) {
    written_bytes_ += bytes.size();
    connection_.write(bytes);
  }
  void shutdown() { connection_.shutdown(); }
  // Request bytes that are welcome now.
  size_t room() const;
  // Bytes are held that the exchange did not want yet.
  bool blocked() const { return blocked_; }
  // The exchange wants more: hands out what is held and reads on. Calls back.
  void resume();
  void resume_read() { connection_.resume_read(); }
  // What the origin says is read, or would be.
  bool is_read() const { return connection_.reading() && !blocked_; }
  // Whether the origin took something of the request since the last look.
  bool took(transport::PeerProgress& seen) const { return seen.look(connection_, written_bytes_); }

  TargetState& target() { return target_; }
  // What the exchange wrote, where none of it has left: what the origin says then was said before it.
  std::optional<Bytes> all_unsent() const;
  // Nothing has come that was not read: no byte and no end, seen by the loop or not. One system call.
  bool quiet() const { return connection_.quiet(); }
  // Has served an exchange before this one.
  bool reused() const { return reused_; }
  Time idle_since() const { return idle_since_; }
  // How long it may be idle, by what the origin said; 0 where it may not.
  Duration idle_limit() const { return idle_limit_; }

 private:
  enum class Use : uint8_t { kExchange, kIdle, kClosing, kDead };

  // transport::ConnectionHandler
  size_t read_limit() override;
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error& error) override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  void read(MutableBytes& input);
  void read_held();
  // One event of the reader; false where no further one can be handled now, or the exchange is over.
  bool step(MutableBytes& input);
  bool take_head(MutableBytes& input);
  bool take_data(MutableBytes& input);
  void take_end(MutableBytes& input);
  void take_end_of_input();
  void note_keep_alive(const http::ResponseHead& head);
  bool reusable(const MutableBytes& input) const;
  void lost(const Error& error);

  PoolCore& core_;
  TargetState& target_;
  transport::Connection connection_;
  http::ResponseReader reader_;
  ByteBuffer held_;             // input that the reader could not take yet
  uint64_t written_bytes_ = 0;  // by this exchange
  Deadline deadline_;
  ActiveExchange* exchange_ = nullptr;
  Time idle_since_{};
  Duration idle_limit_{};
  Use use_ = Use::kDead;
  bool head_done_ = false;
  bool blocked_ = false;
  bool origin_ended_ = false;
  bool reused_ = false;
};

}  // namespace ingress::origin
