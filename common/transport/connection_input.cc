// Input: read, opened, handed out.
#include <algorithm>
#include <string_view>
#include <utility>

#include "common/tls/tls_session.h"
#include "common/transport/buffer_pool.h"
#include "common/transport/connection.h"

namespace ingress::transport {
namespace {

// A peer that goes on sending after the answer is not read for ever.
constexpr int kLongestLingerings = 6;
// One TLS record at most is opened from what came (RFC 8446, 5.2), and a handshake's flight fits.
constexpr size_t kRecordBytes = 16384 + 256 + 5;

// A method's first letter; no TLS record begins with one.
bool is_http_in_clear(Bytes first) { return !first.empty() && first[0] >= 'A' && first[0] <= 'Z'; }

}  // namespace

void Connection::pause_read() {
  if (state_ == State::kLingering || state_ == State::kClosed) return;
  reading_ = false;
  if (state_ == State::kOpen) socket_->pause_read();
}

void Connection::resume_read() {
  if (state_ == State::kLingering || state_ == State::kClosed) return;
  reading_ = true;
  if (state_ != State::kOpen) return;
  socket_->start_read();
  if (unread_) loop_.flush_later(*this);
}

// What the socket may read next. Over TLS the exact limit is kept where the plain bytes are handed out; here it only
// bounds what may have to be kept meanwhile.
size_t Connection::read_limit() {
  if (state_ == State::kHandshake) return kRecordBytes;
  if (state_ == State::kLingering) return uv::Loop::kReadBufferBytes;
  if (state_ != State::kOpen || !reading_) return 0;
  const size_t limit = handler_ == nullptr ? uv::Loop::kReadBufferBytes : handler_->read_limit();
  if (limit == 0) reading_ = false;
  return tls_ == nullptr || limit == 0 ? limit : std::max(limit, kRecordBytes);
}

void Connection::on_read(MutableBytes bytes) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kLingering) {
    if (fin_sent_ && linger_end_ == Time{}) linger_end_ = loop_.now() + kLongestLingerings * linger_;
    if (fin_sent_) deadline_.arm(std::min(loop_.now() + linger_, linger_end_));
    return;
  }
  if (tls_ != nullptr) return receive_sealed(bytes);
  if (handler_ != nullptr) handler_->on_data(bytes);
}

// A request in clear at the port for TLS is told so, as by nginx. The bytes are the first.
void Connection::answer_in_clear() {
  constexpr std::string_view kAnswer =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 61\r\n"
      "Connection: close\r\n\r\nThis port speaks https: put https:// in front of the address\n";
  socket_->write(as_bytes(kAnswer));
  fail(Error{ErrorCode::kTlsFailed, side_, false, 0, "HTTP in clear at a port for TLS"});
}

void Connection::receive_sealed(MutableBytes bytes) {
  if (state_ == State::kHandshake) {
    const bool first = !std::exchange(begun_, true);
    if (first && side_ == Side::kClient && is_http_in_clear(bytes)) return answer_in_clear();
    borrow_memory(sealed_);
  }
  if (const Status received = tls_->receive(bytes, sealed_); !received) return fail(received.error());
  if (sealed_.empty()) {
    return_memory(sealed_);
  } else {
    loop_.flush_later(*this);
  }
  if (state_ == State::kHandshake) {
    if (!tls_->handshake_done()) return;
    unread_ = true;
    become_ready();
  }
  unread_ = true;
  hand_out_plain();
}

// Until the session is dry, or the handler wants no more for now.
void Connection::hand_out_plain() {
  while (unread_ && reading_ && state_ == State::kOpen) {
    if (!read_plain_once()) return;
  }
  if (state_ != State::kOpen) return;
  if (!sealed_.empty()) loop_.flush_later(*this);
  if (unread_) {
    tls_->keep_unread();
  } else if (tls_->peer_closed() || socket_ended_) {
    tell_end();
    if (reset_behind_end_) fail(end_error_);
  }
}

// Gathers the records that are there, up to the limit, for one on_data. False where the session has failed.
bool Connection::read_plain_once() {
  const size_t limit = handler_ == nullptr ? uv::Loop::kReadBufferBytes : handler_->read_limit();
  if (limit == 0) {
    pause_read();
    return true;
  }
  MutableBytes room = loop_.plain_buffer();
  room = room.first(std::min(limit, room.size()));
  size_t size = 0;
  Result<size_t> read = size_t{0};
  do {
    read = tls_->read_plain(room.subspan(size), sealed_);
    size += read.value_or(0);
  } while (read.value_or(0) > 0 && size < room.size());
  if (read && *read == 0) unread_ = false;
  if (size > 0 && handler_ != nullptr) {
    handler_->on_data(room.first(size));
    loop_.write_borrowed();
  }
  if (!read) fail(read.error());
  return read.has_value();
}

void Connection::on_read_end() {
  socket_ended_ = true;
  if (state_ == State::kClosed) return;
  if (state_ == State::kLingering) return finish_lingering();
  if (state_ == State::kHandshake)
    return fail(Error{ErrorCode::kClosed, side_, false, 0, "closed in the TLS handshake"});
  if (unread_) {
    hand_out_plain();
  } else {
    tell_end();
  }
}

void Connection::tell_end() {
  if (end_told_) return;
  end_told_ = true;
  if (handler_ != nullptr) handler_->on_end();
}

}  // namespace ingress::transport
