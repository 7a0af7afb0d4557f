// Output: gathered, sealed, written, and the marks of back-pressure.
#include <algorithm>
#include <array>

#include "common/tls/tls_session.h"
#include "common/transport/buffer_pool.h"
#include "common/transport/connection.h"

namespace ingress::transport {
namespace {

// Output is written before the end of the iteration once this much has gathered.
constexpr size_t kFlushEarlyBytes = size_t{128} * 1024;
// What is sealed at a time of a large write: whole records, and no more memory than that.
constexpr size_t kSealBytes = size_t{4} * 16384;
constexpr size_t kRecordOverheadBytes = 32;

}  // namespace

bool Connection::takes_output() const { return !shutdown_ && state_ != State::kLingering && state_ != State::kClosed; }

void Connection::write(Bytes bytes) {
  if (!takes_output() || bytes.empty()) return;
  settle_borrowed();
  if (bytes.size() < kWriteThroughBytes || !ready()) {
    borrow_memory(gathered_);
    gathered_.append(bytes);
    gather_done();
  } else if (tls_ != nullptr) {
    seal_through(bytes);
    note_backlog();
  } else {
    write_through(bytes);
    note_backlog();
  }
}

void Connection::write_from_read(Bytes bytes) {
  const bool writes_through = takes_output() && ready() && tls_ == nullptr && bytes.size() >= kWriteThroughBytes;
  if (!writes_through || !loop_.borrow(*this, bytes)) return write(bytes);
  borrowed_bytes_ += bytes.size();
  note_backlog();
}

void Connection::settle_borrowed() {
  if (borrowed_bytes_ > 0) loop_.write_borrowed(*this);
}

void Connection::write_parts(std::span<const Bytes> parts) {
  std::array<Bytes, uv::Socket::kMostParts> all;
  all[0] = gathered_.view();
  const auto end = std::copy(parts.begin(), parts.end(), all.begin() + 1);
  for (const Bytes part : parts) borrowed_bytes_ -= part.size();
  socket_->write(std::span<const Bytes>(all.begin(), end));
  gathered_.clear();
  return_memory(gathered_);
  note_backlog();
}

uint8_t* Connection::reserve(size_t size) {
  settle_borrowed();
  borrow_memory(gathered_);
  return gathered_.reserve(size);
}

void Connection::commit(size_t size) {
  if (!takes_output()) return;
  gathered_.commit(size);
  gather_done();
}

void Connection::gather_done() {
  loop_.flush_later(*this);
  if (gathered_.size() >= kFlushEarlyBytes) write_gathered();
  note_backlog();
}

void Connection::flush_now() {
  if (state_ == State::kClosed) return;
  settle_borrowed();
  write_gathered();
  note_backlog();
}

void Connection::write_through(Bytes bytes) {
  const std::array<Bytes, 2> parts{gathered_.view(), bytes};
  socket_->write(parts);
  gathered_.clear();
  return_memory(gathered_);
}

void Connection::seal_through(Bytes bytes) {
  if (!gathered_.empty()) {
    if (!seal(gathered_.view())) return;
    gathered_.clear();
    return_memory(gathered_);
  }
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), kSealBytes);
    if (!seal(bytes.first(size))) return;
    bytes = bytes.subspan(size);
    if (sealed_.size() >= kFlushEarlyBytes) write_sealed();
  }
  // What is left shares its write with the rest of the iteration.
  if (!sealed_.empty()) loop_.flush_later(*this);
}

bool Connection::seal(Bytes plain) {
  borrow_memory(sealed_);
  sealed_.reserve(plain.size() + (plain.size() / 16384 + 1) * kRecordOverheadBytes);
  const Status sealed = tls_->write_plain(plain, sealed_);
  if (!sealed) fail(sealed.error());
  return sealed.has_value();
}

void Connection::write_sealed() {
  if (!sealed_.empty()) socket_->write(sealed_);
  return_memory(sealed_);
}

void Connection::write_gathered() {
  if (!ready() || gathered_.empty()) {
    write_sealed();  // of the handshake, or of what was written through
    return;
  }
  if (tls_ == nullptr) {
    socket_->write(gathered_);
  } else {
    if (!seal(gathered_.view())) return;
    gathered_.clear();
    write_sealed();
  }
  return_memory(gathered_);
}

void Connection::finish_sending() {
  if (fin_sent_ || !ready()) return;
  fin_sent_ = true;
  if (tls_ != nullptr) {
    borrow_memory(sealed_);
    tls_->close_notify(sealed_);
    write_sealed();
  }
  socket_->shutdown();
}

size_t Connection::backlog_bytes() const {
  return gathered_.size() + borrowed_bytes_ + sealed_.size() + (socket_ == nullptr ? 0 : socket_->backlog_bytes());
}

void Connection::set_water_marks(size_t high, size_t low) {
  high_water_bytes_ = static_cast<uint32_t>(high);
  low_water_bytes_ = static_cast<uint32_t>(low);
  note_backlog();
}

// Within a call of the owner: the end of congestion is told later.
void Connection::note_backlog() {
  if (state_ == State::kClosed) return;
  const size_t backlog = backlog_bytes();
  if (backlog > high_water_bytes_) {
    congested_ = true;
  } else if (congested_ && backlog <= low_water_bytes_) {
    loop_.flush_later(*this);
  }
}

void Connection::tell_drained() {
  if (!congested_ || backlog_bytes() > low_water_bytes_) return;
  congested_ = false;
  if (handler_ != nullptr && takes_output()) handler_->on_drained();
}

void Connection::on_write_drained() {
  if (state_ == State::kClosed) return;
  tell_drained();
  if (state_ == State::kLingering) linger_on(linger_);
  finish_lingering();
}

}  // namespace ingress::transport
