#include "common/origin/http2_connection.h"

#include <utility>

#include "common/tls/tls_session.h"

namespace ingress::origin {
namespace {

// Request bytes that wait for the kernel before nghttp2 is asked for more.
constexpr size_t kMostBacklogBytes = size_t{64} * 1024;

constexpr Error kEnded{ErrorCode::kClosed, Side::kOrigin, false, 0, "the origin closed the connection"};
constexpr Error kMute{ErrorCode::kTimeout, Side::kOrigin, false, 0, "the origin sent no HTTP/2 SETTINGS in time"};
constexpr Error kIdle{ErrorCode::kClosed, Side::kOrigin, false, 0, "the connection was idle"};

}  // namespace

Http2Connection::Http2Connection(uv::Loop& loop, const PoolLimits& limits, std::unique_ptr<uv::Socket> socket,
                                 Http2ConnectionOwner& owner)
    : loop_(loop),
      owner_(owner),
      connection_(loop, std::move(socket), nullptr, Side::kOrigin),
      session_(limits.reader),
      deadline_(loop.deadlines(), *this),
      idle_limit_(limits.idle_limit),
      settings_by_(loop.now() + limits.settings_limit) {
  connection_.set_handler(this);
  connection_.set_water_marks(kMostBacklogBytes, kMostBacklogBytes / 2);
}

Http2Connection::~Http2Connection() { loop_.forget_flush(*this); }

void Http2Connection::start() {
  connection_.start();
  note_use();
}

bool Http2Connection::takes_stream() const {
  return !over_ && session_.takes_requests() && session_.stream_count() < session_.stream_limit();
}

bool Http2Connection::request(const http::Http2ClientSession::Request& request, http::Http2ClientStream& stream) {
  reused_ = reused_ || session_.settings_came();
  if (!session_.request(request, stream)) return false;
  note_use();
  return true;
}

void Http2Connection::resume_body(const http::Http2ClientStream& stream) {
  session_.resume_body(stream);
  loop_.flush_later(*this);
}

void Http2Connection::consumed(const http::Http2ClientStream& stream, size_t bytes) {
  session_.consumed(stream, bytes);
  loop_.flush_later(*this);
}

void Http2Connection::cancel(http::Http2ClientStream& stream) {
  session_.cancel(stream);
  note_use();
}

void Http2Connection::forget(http::Http2ClientStream& stream) {
  session_.forget(stream);
  note_use();
}

void Http2Connection::close(const Error& error) {
  if (over_) return;
  session_.say_goodbye();
  pump();
  lost(error);
}

void Http2Connection::flush() {
  if (over_) return;
  pump();
  if (session_.over() || (idle() && !session_.takes_requests())) return lost(kEnded);
  // A stream may have ended, or SETTINGS or a GOAWAY have come.
  owner_.on_capacity();
}

void Http2Connection::pump() {
  while (!over_ && !connection_.congested()) {
    const Bytes output = session_.output();
    if (output.empty()) return;
    connection_.write(output);
  }
}

void Http2Connection::on_data(MutableBytes bytes) {
  if (over_) return;
  const Status read = session_.receive(bytes);
  if (over_) return;
  if (!read) {
    pump();
    return lost(read.error());
  }
  note_use();
}

void Http2Connection::on_end() { lost(kEnded); }

void Http2Connection::on_closed(const Error& error) { lost(error); }

void Http2Connection::on_deadline(Deadline&) { close(session_.settings_came() ? kIdle : kMute); }

void Http2Connection::note_use() {
  if (!session_.settings_came()) {
    deadline_.arm(settings_by_);
  } else if (idle()) {
    deadline_.arm(loop_.now() + idle_limit_);
  } else {
    deadline_.cancel();
  }
  loop_.flush_later(*this);
}

void Http2Connection::lost(const Error& error) {
  if (std::exchange(over_, true)) return;
  deadline_.cancel();
  // What was written last (a GOAWAY) goes out where the kernel takes it.
  connection_.flush_now();
  connection_.close();
  session_.lose(error);
  owner_.on_connection_over(*this);
}

}  // namespace ingress::origin
