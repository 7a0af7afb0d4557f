// One HTTP/2 connection to an origin, for any number of exchanges at once. Private to common/origin.
//
// Closes once it was idle for the limit, or where the origin's SETTINGS do not come in time.
// Owned by its Http2Origin until it is over, by the loop's graveyard after that.
#pragma once

#include <memory>

#include "common/base/deadline.h"
#include "common/http/http2_client_session.h"
#include "common/origin/origin_pool.h"
#include "common/transport/connection.h"
#include "common/transport/peer_progress.h"
#include "common/uv/loop.h"

namespace ingress::origin {

class Http2Connection;

class Http2ConnectionOwner {
 public:
  // takes_stream() may have become true, or will never again.
  virtual void on_capacity() = 0;
  // Closed, its streams were told. To be buried.
  virtual void on_connection_over(Http2Connection& connection) = 0;

 protected:
  ~Http2ConnectionOwner() = default;
};

class Http2Connection final : public uv::Buryable,
                              private uv::Flushable,
                              private transport::ConnectionHandler,
                              private DeadlineHandler {
 public:
  Http2Connection(uv::Loop& loop, const PoolLimits& limits, std::unique_ptr<uv::Socket> socket,
                  Http2ConnectionOwner& owner);
  ~Http2Connection() override;

  void start();
  // One more request may begin here.
  bool takes_stream() const;
  // Will tell (by on_capacity) how many requests it takes: the origin's SETTINGS are to come.
  bool is_young() const { return !over_ && !session_.settings_came() && session_.takes_requests(); }
  // No stream is open.
  bool idle() const { return session_.stream_count() == 0; }
  // The origin has answered on it: an exchange that it drops now may have met a stale connection.
  bool reused() const { return reused_; }

  // As Http2ClientSession's; output follows at the end of the iteration.
  bool request(const http::Http2ClientSession::Request& request, http::Http2ClientStream& stream);
  void resume_body(const http::Http2ClientStream& stream);
  void consumed(const http::Http2ClientStream& stream, size_t bytes);
  void cancel(http::Http2ClientStream& stream);
  void forget(http::Http2ClientStream& stream);

  // Whether the origin took something of what one request handed over since the last look.
  bool took(transport::PeerProgress& seen, uint64_t handed) const { return seen.look(connection_, handed); }

  // Says GOAWAY and closes; streams that are left fail.
  void close(const Error& error);

 private:
  // uv::Flushable
  void flush() override;
  // transport::ConnectionHandler
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_drained() override { pump(); }
  void on_closed(const Error& error) override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  void pump();
  void note_use();
  void lost(const Error& error);

  uv::Loop& loop_;
  Http2ConnectionOwner& owner_;
  transport::Connection connection_;
  http::Http2ClientSession session_;
  Deadline deadline_;
  Duration idle_limit_;
  Time settings_by_;
  bool reused_ = false;
  bool over_ = false;
};

}  // namespace ingress::origin
