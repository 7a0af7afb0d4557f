#include "common/server/http2_connection.h"

#include <algorithm>
#include <utility>

#include "common/server/http2_server.h"

namespace ingress::server {
namespace {

constexpr size_t kOutputBytes = size_t{64} * 1024;
constexpr Error kClientLeft{ErrorCode::kReset, Side::kClient, false, 0, "the client left"};
constexpr Error kStuck{ErrorCode::kTimeout, Side::kClient, false, 0, "the client takes no byte"};
constexpr Error kGaveWay{ErrorCode::kTimeout, Side::kClient, false, 0, "closed for another connection"};
constexpr Error kEnded{ErrorCode::kProtocol, Side::kClient, false, 0, "the HTTP/2 session ended"};

ByteBuffer& output_buffer() {
  thread_local ByteBuffer buffer;
  buffer.clear();
  return buffer;
}

}  // namespace

Http2Connection::Http2Connection(Http2Server& server, std::unique_ptr<transport::Connection> connection)
    : server_(server),
      connection_(std::move(connection)),
      client_ip_(connection_->peer().ip),
      session_(*this, server.options().limits),
      deadline_(server.loop().deadlines(), *this),
      tls_(connection_->is_tls()) {
  connection_->set_handler(this);
  connection_->set_water_marks(kCongestedBytes, kCongestedBytes / 2);
  connection_->resume_read();
  flush_soon();
}

Http2Connection::~Http2Connection() { loop().forget_flush(*this); }

RequestAcceptor& Http2Connection::acceptor() { return server_.acceptor(); }
const ConnectionOptions& Http2Connection::options() const { return server_.options(); }
uv::Loop& Http2Connection::loop() { return server_.loop(); }

void Http2Connection::drain() {
  if (closing_ || std::exchange(draining_, true)) return;
  session_.drain();
  flush_soon();
}

size_t Http2Connection::read_limit() {
  if (connection_->congested() && session_.waiting_frames() > kMostWaitingFrames) return 0;
  return uv::Loop::kReadBufferBytes;
}

void Http2Connection::on_data(MutableBytes bytes) {
  if (closing_) return;
  session_.receive(bytes, loop().now());
  flush_soon();
}

void Http2Connection::on_end() {
  if (closing_) return;
  closing_ = true;
  session_.lose(kClientLeft);
  connection_->close();
}

void Http2Connection::on_drained() {
  connection_->resume_read();
  flush_soon();
}

void Http2Connection::on_closed(const Error& error) {
  closing_ = true;
  Error cause = error;
  cause.side = Side::kClient;
  session_.lose(cause);
  server_.retire(this);
}

void Http2Connection::on_stream_request(http::Http2Stream& stream, const http::RequestHead& head,
                                        const http::Http2Request& request) {
  take_exchange().start(stream, head, request);
}

void Http2Connection::on_stream_unreadable(http::Http2Stream& stream, const http::RequestHead& head,
                                           const Error& error) {
  take_exchange().refuse(stream, head, error);
}

Http2Exchange& Http2Connection::take_exchange() {
  served_ = true;
  watch_ = Watch::kNone;  // idle time begins anew
  if (spare_.empty()) {
    exchanges_.push_back(std::make_unique<Http2Exchange>(*this));
    return *exchanges_.back();
  }
  Http2Exchange* exchange = spare_.back();
  spare_.pop_back();
  return *exchange;
}

void Http2Connection::retire(Http2Exchange& exchange) { spare_.push_back(&exchange); }

void Http2Connection::deliver_soon(Http2Exchange& exchange) {
  to_deliver_.push_back(&exchange);
  flush_soon();
}

void Http2Connection::flush_soon() { loop().flush_later(*this); }

void Http2Connection::flush() {
  if (closing_) return;
  // One that has ended meanwhile, or serves another stream now, finds nothing to do.
  std::vector<Http2Exchange*> to_deliver;
  to_deliver.swap(to_deliver_);
  for (Http2Exchange* exchange : to_deliver) exchange->deliver_held();
  write_output();
  if (session_.over()) return close_when_flushed(kEnded);
  watch_idle();
}

void Http2Connection::write_output() {
  bool more = true;
  while (more && !connection_->congested()) {
    ByteBuffer& out = output_buffer();
    more = session_.output(out, kOutputBytes);
    if (!out.empty()) connection_->write(out.view());
  }
}

void Http2Connection::close_when_flushed(const Error& error) {
  closing_ = true;
  deadline_.cancel();
  session_.lose(error);
  connection_->close_after_flush();
}

// What the connection waits for where no exchange does.
void Http2Connection::watch_idle() {
  Watch watch = Watch::kNone;
  if (session_.in_head()) {
    watch = Watch::kHead;
  } else if (draining_) {
    watch = Watch::kDrain;
  } else if (session_.stream_count() == 0) {
    watch = Watch::kIdle;
  }
  if (watch == watch_) return;
  watch_ = watch;
  const ConnectionOptions& times = options();
  switch (watch) {
    case Watch::kNone:
      deadline_.cancel();
      return;
    case Watch::kIdle:
      deadline_.arm(loop().now() + (served_ ? times.keep_alive_timeout : times.head_timeout));
      return;
    case Watch::kHead:
      deadline_.arm(loop().now() + times.head_timeout);
      return;
    case Watch::kDrain:
      deadline_.arm(loop().now() + kDrainRoundTrip);
      return;
  }
}

// A client that takes nothing would never see a GOAWAY or RST_STREAM, and the streams would never close.
bool Http2Connection::close_where_stuck() {
  if (closing_ || !connection_->congested()) return false;
  close_when_flushed(kStuck);
  return true;
}

std::optional<Time> Http2Connection::waiting_since() const {
  if (closing_ || !deadline_.armed() || session_.stream_count() > 0) return std::nullopt;
  if (watch_ != Watch::kIdle && watch_ != Watch::kHead) return std::nullopt;
  const ConnectionOptions& times = options();
  return deadline_.at() - (watch_ == Watch::kIdle && served_ ? times.keep_alive_timeout : times.head_timeout);
}

void Http2Connection::give_way() {
  if (watch_ == Watch::kIdle) return drain();
  close_when_flushed(kGaveWay);
}

void Http2Connection::on_deadline(Deadline&) {
  if (watch_ != Watch::kHead && session_.stream_count() == 0 && close_where_stuck()) return;
  switch (watch_) {
    case Watch::kNone:
      return;
    case Watch::kIdle:
      // Drains: a request that is on its way is not lost.
      return drain();
    case Watch::kHead:
      return close_when_flushed(
          Error{ErrorCode::kRequestTimeout, Side::kClient, false, 0, "the request's head did not come in time"});
    case Watch::kDrain:
      session_.finish_drain();
      flush_soon();
      return;
  }
}

}  // namespace ingress::server
