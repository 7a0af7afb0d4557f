// How a connection begins and ends; its output is in connection_output.cc, its input in connection_input.cc.
#include "common/transport/connection.h"

#include <algorithm>
#include <utility>

#include "common/tls/tls_session.h"
#include "common/transport/buffer_pool.h"

namespace ingress::transport {

Connection::Connection(uv::Loop& loop, std::unique_ptr<uv::Socket> socket, std::unique_ptr<tls::TlsSession> tls,
                       Side side)
    : loop_(loop), socket_(std::move(socket)), tls_(std::move(tls)), deadline_(loop.deadlines(), *this), side_(side) {}

Connection::~Connection() {
  loop_.forget_flush(*this);
  loop_.forget_borrowed(*this);
  gathered_.clear();
  sealed_.clear();
  return_memory(gathered_);
  return_memory(sealed_);
}

void Connection::start() {
  if (state_ != State::kNew) return;
  reading_ = true;
  socket_->set_handler(this);
  loop_.flush_later(*this);
  unread_ = tls_ != nullptr && tls_->handshake_done();
  state_ = tls_ == nullptr || unread_ ? State::kStarting : State::kHandshake;
  if (state_ == State::kStarting) return;  // ready at the end of the iteration
  deadline_.arm(loop_.now() + kHandshakeTimeout);
  borrow_memory(sealed_);
  if (const Status started = tls_->start(sealed_); !started) return fail(started.error());
  if (sealed_.empty()) return_memory(sealed_);
  socket_->start_read();
}

void Connection::become_ready() {
  state_ = State::kOpen;
  deadline_.cancel();
  if (reading_) {
    socket_->start_read();
  } else {
    socket_->pause_read();
  }
  loop_.flush_later(*this);  // for what was written before
  if (handler_ != nullptr) handler_->on_ready();
}

void Connection::flush() {
  if (state_ == State::kClosed) return tell_closed();
  if (state_ == State::kStarting) become_ready();
  if (unread_ && reading_) hand_out_plain();
  if (state_ == State::kClosed) return;  // marked for another flush
  write_gathered();
  if (shutdown_) finish_sending();
  tell_drained();
  finish_lingering();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  settle_borrowed();
  if (tls_ != nullptr && ready() && !fin_sent_ && backlog_bytes() == 0) {
    borrow_memory(sealed_);
    tls_->close_notify(sealed_);
    write_sealed();
  }
  end(Error{ErrorCode::kClosed, side_, false, 0, "closed"});
}

void Connection::abort() {
  if (state_ == State::kClosed) return;
  settle_borrowed();
  socket_->reset_on_close();
  end(Error{ErrorCode::kClosed, side_, false, 0, "aborted"});
}

void Connection::fail(Error error) {
  if (state_ == State::kClosed) return;
  error.side = side_;
  write_sealed();  // an alert
  end(error);
}

// Nothing is read or written any more. The socket is kept until on_closed, so that its owner may ask who it was.
void Connection::end(const Error& error) {
  state_ = State::kClosed;
  end_error_ = error;
  loop_.forget_borrowed(*this);
  borrowed_bytes_ = 0;
  reading_ = false;
  congested_ = false;
  deadline_.cancel();
  socket_->pause_read();
  loop_.flush_later(*this);
}

void Connection::tell_closed() {
  if (closed_told_) return;
  closed_told_ = true;
  gathered_.clear();
  sealed_.clear();
  if (handler_ != nullptr) handler_->on_closed(end_error_);
  socket_.reset();
}

std::optional<Detached> Connection::detach() {
  flush_now();
  if (state_ != State::kOpen || shutdown_ || reading_ || backlog_bytes() > 0) return std::nullopt;
  std::optional<uv::Address> peer;
  if (const uv::Address* told = socket_->told_peer()) peer = *told;
  Detached detached{socket_->release(), std::move(tls_), std::move(peer)};
  state_ = State::kClosed;
  closed_told_ = true;
  handler_ = nullptr;
  deadline_.cancel();
  return detached;
}

void Connection::shutdown() {
  if (!takes_output()) return;
  shutdown_ = true;
  loop_.flush_later(*this);
}

void Connection::close_after_flush(Duration linger) {
  if (state_ == State::kClosed || state_ == State::kLingering) return;
  // One that is about to be ready may have words to say goodbye with.
  if (!ready() && state_ != State::kStarting) return close();
  state_ = State::kLingering;
  shutdown_ = true;
  reading_ = true;
  linger_ = linger;
  socket_->start_read();
  linger_on(linger);
  loop_.flush_later(*this);
}

void Connection::linger_on(Duration time) {
  linger_backlog_ = backlog_bytes();
  if (linger_backlog_ > 0) linger_taken_ = acknowledged_bytes();
  deadline_.arm(loop_.now() + time);
}

void Connection::finish_lingering() {
  if (state_ == State::kLingering && fin_sent_ && socket_ended_ && backlog_bytes() == 0) close();
}

void Connection::on_deadline(Deadline&) {
  if (state_ == State::kHandshake) {
    return fail(Error{ErrorCode::kTimeout, side_, false, 0, "TLS handshake"});
  }
  if (state_ != State::kLingering) return;
  const size_t backlog = backlog_bytes();
  if (backlog > 0 && (backlog < linger_backlog_ || acknowledged_bytes() > linger_taken_)) return linger_on(linger_);
  // An answer that is cut short must not look complete.
  if (backlog > 0) return abort();
  close();
}

void Connection::on_failed(const Error& error) {
  if (state_ == State::kLingering && fin_sent_ && backlog_bytes() == 0) return close();
  if (state_ == State::kOpen && socket_ended_ && unread_) {
    reset_behind_end_ = true;
    end_error_ = error;
    return;
  }
  fail(error);
}

bool Connection::peer_is_gone() const { return socket_ == nullptr || socket_->peer_is_gone(); }
bool Connection::all_acknowledged() const {
  return backlog_bytes() == 0 && (socket_ == nullptr || socket_->all_acknowledged());
}
size_t Connection::unacknowledged_bytes() const {
  const size_t of_socket = socket_ == nullptr ? 0 : socket_->unacknowledged_bytes();
  return gathered_.size() + borrowed_bytes_ + sealed_.size() + of_socket;
}
uint64_t Connection::acknowledged_bytes() const { return socket_ == nullptr ? 0 : socket_->acknowledged_bytes(); }
uv::Address Connection::peer() const { return socket_ == nullptr ? uv::Address() : socket_->peer(); }
uv::Address Connection::local() const { return socket_ == nullptr ? uv::Address() : socket_->local(); }

void Connection::tell_peer(const uv::Address& peer) {
  if (socket_ != nullptr) socket_->tell_peer(peer);
}

void Connection::set_notsent_lowat(size_t bytes) {
  if (socket_ != nullptr) socket_->set_notsent_lowat(bytes);
}

void Connection::keep_alive() {
  if (socket_ != nullptr) socket_->keep_alive();
}

}  // namespace ingress::transport
