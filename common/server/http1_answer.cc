// The answer's half of Http1Connection: heads, framing, body.
#include <cassert>
#include <utility>

#include "common/http/http1_writer.h"
#include "common/server/answer_framing.h"
#include "common/server/http1_connection.h"
#include "common/server/http1_server.h"

namespace ingress::server {
namespace {

ByteBuffer& head_buffer() {
  thread_local ByteBuffer buffer;
  buffer.clear();
  return buffer;
}

}  // namespace

bool Http1Connection::send_head(const http::ResponseHead& head, bool end) {
  assert(!answer_begun_);
  touch();
  if (head.status == 101) {
    if (!upgrade_offered_ || !request_ended_) return false;
    send_switching_head(head);
    if (end) send_data({}, true);
    return true;
  }
  if (head.status < 200) {
    if (!minor_zero_) send_interim_head(head);
    return true;
  }
  return send_final_head(head, end);
}

void Http1Connection::send_interim_head(const http::ResponseHead& head) {
  ByteBuffer& out = head_buffer();
  http::write_response_head(out, head.status, head.reason, head.fields, {});
  connection_->write(out.view());
}

void Http1Connection::send_switching_head(const http::ResponseHead& head) {
  ByteBuffer& out = head_buffer();
  http::HeadOptions options;
  options.upgrade = true;
  http::write_response_head(out, head.status, head.reason, head.fields, options);
  connection_->write(out.view());
  reader_.upgrade();
  answer_begun_ = true;
  answer_body_ = AnswerBody::kOpaque;
  state_ = State::kUpgraded;
  // A FIN that came before is told behind what was held.
  if (client_ended_) {
    process_later();
  } else {
    resume_body();
  }
}

std::unique_ptr<transport::Connection> Http1Connection::take_over(const http::ResponseHead& head, ByteBuffer& begun) {
  assert(state_ == State::kExchange && !answer_begun_);
  if (client_ended_) return nullptr;
  ByteBuffer& out = head_buffer();
  http::HeadOptions options;
  options.upgrade = head.status == 101;
  http::write_response_head(out, head.status, head.reason, head.fields, options);
  connection_->write(out.view());
  connection_->set_water_marks(transport::Connection::kHighWaterBytes, transport::Connection::kLowWaterBytes);
  connection_->pause_read();
  connection_->set_handler(nullptr);
  part_with_handler();
  begun = std::move(held_);
  state_ = State::kClosing;
  deadline_.cancel();
  watch_.cancel();
  server_.retire(this);
  return std::move(connection_);
}

bool Http1Connection::send_final_head(const http::ResponseHead& head, bool end) {
  if (!frame_answer(head, end)) return false;
  // What is left of the request after a whole answer is not read.
  close_after_ |= !reader_.keep_alive() || server_.draining() || (end && !request_ended_);
  http::HeadOptions options;
  options.chunked = answer_body_ == AnswerBody::kChunked;
  options.close = close_said_ = close_after_;
  options.keep_alive = minor_zero_ && !close_after_;
  ByteBuffer& out = head_buffer();
  http::write_response_head(out, head.status, head.reason, head.fields, options);
  connection_->write(out.view());
  answer_begun_ = true;
  if (end) {
    if (answer_body_ == AnswerBody::kChunked) connection_->write(http::kLastChunk);
    end_answer();
  }
  return true;
}

// Decides how the answer's body is framed (RFC 9112, 6.3); false where its Content-Length can't be trusted.
bool Http1Connection::frame_answer(const http::ResponseHead& head, bool end) {
  const AnswerLength length = answer_length(head.fields);
  if (length.malformed) return false;
  answer_left_ = 0;
  if (head_request_ || has_no_body(head.status)) {
    answer_body_ = AnswerBody::kNone;
  } else if (length.present) {
    if (end && length.bytes != 0) return false;
    answer_body_ = AnswerBody::kLength;
    answer_left_ = length.bytes;
  } else if (!minor_zero_) {
    answer_body_ = AnswerBody::kChunked;
  } else {
    answer_body_ = AnswerBody::kUntilClose;
    close_after_ = true;
  }
  return true;
}

// False where the answer goes nowhere any more; its end is the exchange's all the same.
bool Http1Connection::takes_answer(bool end) {
  if (state_ == State::kClosing && end) part_with_handler();
  return state_ != State::kClosing && !answer_ended_;
}

// Its Content-Length is not kept. Before the end the handler is told, by on_closed.
void Http1Connection::break_answer(bool end) {
  state_ = State::kClosing;
  if (end) part_with_handler();
  connection_->abort();
}

void Http1Connection::send_data(MutableBytes payload, bool end) {
  if (!takes_answer(end)) return;
  touch();
  body_bytes_sent_ += payload.size();
  switch (answer_body_) {
    case AnswerBody::kNone:
      break;
    case AnswerBody::kLength:
      if (payload.size() > answer_left_ || (end && payload.size() != answer_left_)) return break_answer(end);
      answer_left_ -= payload.size();
      connection_->write_from_read(payload);
      break;
    case AnswerBody::kChunked:
      if (!payload.empty()) {
        const size_t header_bytes = http::write_chunk_header_before(payload.data(), payload.size());
        connection_->write({payload.data() - header_bytes, payload.size() + header_bytes});
        connection_->write(end ? "\r\n0\r\n\r\n" : http::kChunkEnd);
      } else if (end) {
        connection_->write(http::kLastChunk);
      }
      break;
    case AnswerBody::kUntilClose:
    case AnswerBody::kOpaque:
      if (!payload.empty()) connection_->write_from_read(payload);
      break;
  }
  if (end) end_answer();
}

void Http1Connection::send_trailers(const http::Fields& trailers) {
  if (answer_body_ != AnswerBody::kChunked) {
    send_data({}, true);
    return;
  }
  if (!takes_answer(true)) return;
  ByteBuffer& out = head_buffer();
  http::write_last_chunk(out, trailers);
  connection_->write(out.view());
  end_answer();
}

void Http1Connection::end_answer() {
  answer_ended_ = true;
  if (state_ == State::kUpgraded) {
    connection_->shutdown();
    if (client_end_told_) exchange_over();
    return;
  }
  // Without a handler on_request is still running, and looks at answer_ended_ itself.
  if (handler_ != nullptr) exchange_over();
}

bool Http1Connection::congested() const { return connection_->congested(); }
bool Http1Connection::answer_waits() const { return connection_->backlog_bytes() > 0; }

}  // namespace ingress::server
