#include "common/server/http2_exchange.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/server/answer_framing.h"
#include "common/server/http2_connection.h"

namespace ingress::server {

Http2Exchange::Http2Exchange(Http2Connection& connection)
    : connection_(connection), deadline_(connection.loop().deadlines(), *this) {}

void Http2Exchange::begin(http::Http2Stream& stream, bool head_request) {
  stream_ = &stream;
  stream.set_handler(this);
  handler_ = nullptr;
  body_bytes_sent_ = 0;
  taken_ = {};
  head_request_ = head_request;
  upgrade_ = upgraded_ = aborted_ = request_ended_ = end_told_ = answer_begun_ = answer_ended_ = over_ = false;
  touch();
}

void Http2Exchange::start(http::Http2Stream& stream, const http::RequestHead& head, const http::Http2Request& request) {
  begin(stream, head.method == "HEAD");
  upgrade_ = request.upgrade;
  request_ended_ = request.end;
  end_told_ = request.end && !request.upgrade;
  // An Upgrade's bytes begin after its 101.
  const RequestInfo info{
      connection_.client_ip(), connection_.is_tls(), request.end || request.upgrade, request.upgrade, true, fine_now()};
  RequestHandler* handler = connection_.acceptor().on_request(*this, head, info);
  if (!over_) handler_ = handler;
  assert(handler_ != nullptr || over_);
}

void Http2Exchange::refuse(http::Http2Stream& stream, const http::RequestHead& head, const Error& error) {
  begin(stream, head.method == "HEAD");
  send_answer(*this, connection_.acceptor().on_unreadable(error, UnreadableRequest::of(connection_.client_ip(), head)),
              error);
  over();
}

bool Http2Exchange::send_head(const http::ResponseHead& head, bool end) {
  assert(!answer_begun_);
  if (stream_ == nullptr) return true;
  touch();
  if (head.status == 101) return send_switching_head(head, end);
  if (head.status >= 200) {
    // It would say that the bytes are the other side's now.
    if (upgrade_ && head.status < 300) return false;
    if (!frame_answer(head, end)) return false;
    answer_begun_ = true;
  }
  stream_->send_head(head.status, head.fields, end);
  connection_.flush_soon();
  if (end && answer_begun_) end_answer();
  return true;
}

// RFC 8441, 5: what was a 101 there is a 200 here, and the handshake's own fields are gone.
bool Http2Exchange::send_switching_head(const http::ResponseHead& head, bool end) {
  if (!upgrade_) return false;
  http::Fields fields = head.fields;
  std::erase_if(fields, [](const http::Field& field) {
    return http::iequals(field.name, "Upgrade") || http::iequals(field.name, "Connection") ||
           http::iequals(field.name, "Sec-WebSocket-Accept") || http::iequals(field.name, "Content-Length");
  });
  stream_->set_opaque();
  stream_->send_head(200, fields, end);
  upgraded_ = answer_begun_ = true;
  answer_body_ = AnswerBody::kOpen;
  resume_body();
  connection_.flush_soon();
  if (end) end_answer();
  return true;
}

bool Http2Exchange::frame_answer(const http::ResponseHead& head, bool end) {
  const AnswerLength length = answer_length(head.fields);
  if (length.malformed) return false;
  answer_left_ = 0;
  if (head_request_ || has_no_body(head.status)) {
    answer_body_ = AnswerBody::kNone;
  } else if (length.present) {
    if (end && length.bytes != 0) return false;
    answer_body_ = AnswerBody::kLength;
    answer_left_ = length.bytes;
  } else {
    answer_body_ = AnswerBody::kOpen;
  }
  return true;
}

void Http2Exchange::send_data(MutableBytes payload, bool end) {
  if (stream_ == nullptr || answer_ended_) return;
  if (aborted_) return break_answer(end);
  touch();
  body_bytes_sent_ += payload.size();
  Bytes passed = payload;
  if (answer_body_ == AnswerBody::kNone) passed = {};
  if (answer_body_ == AnswerBody::kLength) {
    if (payload.size() > answer_left_ || (end && payload.size() != answer_left_)) return break_answer(end);
    answer_left_ -= payload.size();
  }
  stream_->send_data(passed, end);
  connection_.flush_soon();
  if (end) end_answer();
}

// Its Content-Length is not kept. Before the end the handler is told, by on_stream_closed; what is given until then
// goes nowhere.
void Http2Exchange::break_answer(bool end) {
  if (end) over();
  if (!aborted_) cut_stream(http::Http2Stream::kInternalError);
}

void Http2Exchange::send_trailers(const http::Fields& trailers) {
  if (stream_ == nullptr || answer_ended_) return;
  const bool short_of = answer_body_ == AnswerBody::kLength && answer_left_ > 0;
  if (aborted_ || short_of || answer_body_ == AnswerBody::kNone) return send_data({}, true);
  touch();
  stream_->send_trailers(trailers);
  connection_.flush_soon();
  end_answer();
}

void Http2Exchange::end_answer() {
  answer_ended_ = true;
  if (!upgraded_ || end_told_) over();
}

// The handler is through; what was given of the answer goes on its way.
void Http2Exchange::over() {
  handler_ = nullptr;
  over_ = true;
  if (stream_ != nullptr) stream_->consumed(held_.size(), false);
  held_.release();
}

// What is left of the request is passed over for a while, so that a client that is busy sending it comes to read.
void Http2Exchange::on_stream_answered() {
  lingered_bytes_ = 0;
  lingers_ = true;
  deadline_.arm(connection_.loop().now() + kLinger);
}

void Http2Exchange::end_lingering() {
  stream_->cut(false, http::Http2Stream::kNoError);
  connection_.flush_soon();
}

bool Http2Exchange::congested() const {
  return stream_ != nullptr && stream_->waiting_bytes() > http::Http2Stream::kMarkBytes;
}

bool Http2Exchange::answer_waits() const {
  return stream_ != nullptr && (stream_->waiting_bytes() > 0 || connection_.connection().backlog_bytes() > 0);
}

// What the stream holds back, under its window, the client can't have.
bool Http2Exchange::client_took(transport::PeerProgress& seen) const {
  if (stream_ == nullptr) return false;
  const uint64_t waiting = stream_->waiting_bytes();
  return seen.look(connection_.connection(), body_bytes_sent_ > waiting ? body_bytes_sent_ - waiting : 0);
}

void Http2Exchange::resume_body() {
  touch();
  connection_.deliver_soon(*this);
}

void Http2Exchange::abort() { cut(http::Http2Stream::kInternalError); }

bool Http2Exchange::reset(uint8_t http2_code) {
  cut(http2_code);
  return true;
}

void Http2Exchange::cut(uint32_t code) {
  over();
  if (stream_ != nullptr) cut_stream(code);
}

void Http2Exchange::cut_stream(uint32_t code) {
  stream_->cut(true, code);
  aborted_ = true;
  touch();
  connection_.flush_soon();
}

bool Http2Exchange::takes_body() const { return handler_ != nullptr && (!upgrade_ || upgraded_); }

void Http2Exchange::on_stream_data(MutableBytes payload) {
  if (lingers_) {
    stream_->consumed(payload.size(), false);
    lingered_bytes_ += payload.size();
    if (lingered_bytes_ > kLingerBytes) end_lingering();
    return;
  }
  touch();
  if (handler_ == nullptr) return stream_->consumed(payload.size(), false);
  const size_t allowed = takes_body() && held_.empty() ? std::min(handler_->allowance(), payload.size()) : 0;
  // A copy first: what precedes the piece is overwritten, and what is in it may be.
  if (allowed < payload.size()) held_.append(payload.subspan(allowed));
  if (allowed == 0) return;
  handler_->on_body(payload.first(allowed), false);
  if (stream_ != nullptr) stream_->consumed(allowed, held_.empty());
}

void Http2Exchange::deliver_held() {
  while (takes_body() && !held_.empty()) {
    const size_t allowed = std::min({handler_->allowance(), held_.size(), uv::Loop::kReadBufferBytes});
    if (allowed == 0) return;
    handler_->on_body(held_.mutable_view().first(allowed), false);
    if (held_.empty()) break;  // the exchange ended in the call
    held_.consume(allowed);
    if (held_.empty()) held_.release();
    if (stream_ != nullptr) stream_->consumed(allowed, held_.empty());
  }
  finish_body();
}

void Http2Exchange::on_stream_end() {
  touch();
  request_ended_ = true;
  trailers_.clear();
  finish_body();
}

void Http2Exchange::on_stream_trailers(const http::Fields& trailers) {
  touch();
  request_ended_ = true;
  trailers_.clear();
  trailer_text_.clear();
  size_t size = 0;
  for (const http::Field& field : trailers) size += field.name.size() + field.value.size();
  trailer_text_.reserve(size);
  const auto keep = [this](std::string_view text) {
    const size_t at = trailer_text_.size();
    trailer_text_.append(text);
    return std::string_view(trailer_text_).substr(at, text.size());
  };
  for (const http::Field& field : trailers) {
    const std::string_view name = keep(field.name);
    trailers_.push_back({name, keep(field.value)});
  }
  finish_body();
}

// The end is told behind all that was held.
void Http2Exchange::finish_body() {
  if (!request_ended_ || end_told_ || !held_.empty() || !takes_body()) return;
  end_told_ = true;
  if (trailers_.empty()) {
    handler_->on_body({}, true);
  } else {
    handler_->on_trailers(trailers_);
  }
  if (upgraded_ && answer_ended_) over();
}

void Http2Exchange::on_stream_drained() {
  touch();
  if (handler_ != nullptr) handler_->on_drained();
}

void Http2Exchange::on_stream_closed(const Error& error) {
  stream_ = nullptr;
  lingers_ = false;
  deadline_.cancel();
  RequestHandler* handler = std::exchange(handler_, nullptr);
  held_.release();
  if (handler != nullptr) handler->on_aborted(error);
  connection_.retire(*this);
}

void Http2Exchange::on_deadline(Deadline&) {
  if (lingers_ && handler_ == nullptr && stream_ != nullptr) return end_lingering();
  if ((handler_ != nullptr && handler_->holds_up()) || client_took(taken_)) return touch();
  if (!silence_.lasted(deadline_, connection_.loop().now(), patience())) return;
  if (handler_ != nullptr && end_by_silence(*handler_)) return;
  if (stream_ == nullptr || (!taken_.moving() && connection_.close_where_stuck())) return;
  stream_->cut(false);
  connection_.flush_soon();
}

// True where it is answered. What comes on an extended CONNECT that is not accepted yet is for nobody.
bool Http2Exchange::end_by_silence(RequestHandler& handler) {
  const bool nothing_due = request_ended_ || !takes_body();
  const Error silence{ErrorCode::kTimeout, silent_side(*this, nothing_due, handler), false, 0, "no byte for too long"};
  if (!answer_begun_ && handler.on_silent(silence)) return true;
  handler_ = nullptr;
  handler.on_aborted(silence);
  return false;
}

void Http2Exchange::touch() {
  if (lingers_) return;
  silence_.begin(deadline_, connection_.loop().now(), patience());
}

// What waits before the reset of a stream is not waited for as long as an answer.
Duration Http2Exchange::patience() const {
  const Duration timeout = connection_.options().exchange_timeout;
  return aborted_ ? std::min(timeout, kAbortedPatience) : timeout;
}

}  // namespace ingress::server
