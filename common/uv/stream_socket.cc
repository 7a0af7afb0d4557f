#include "common/uv/stream_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/uv/sock_address.h"
#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

constexpr int kKeepIdleSeconds = 60;
constexpr int kKeepIntervalSeconds = 15;
constexpr int kKeepProbes = 4;

// The bytes of `buffer`, in its own memory where they fill most of that.
ByteBuffer take_fitting(ByteBuffer& buffer) {
  if (buffer.capacity() <= buffer.size() + buffer.size() / 4 + kHeadroomBytes) return std::move(buffer);
  ByteBuffer copy;
  copy.append(buffer.view());
  buffer.clear();
  return copy;
}

ssize_t send_parts(int fd, std::span<const Bytes> parts) {
  if (parts.size() == 1) return send(fd, parts[0].data(), parts[0].size(), MSG_NOSIGNAL);
  std::array<iovec, Socket::kMostParts> pieces;
  msghdr message{};
  message.msg_iov = pieces.data();
  for (const Bytes part : parts) {
    if (!part.empty()) pieces[message.msg_iovlen++] = {const_cast<uint8_t*>(part.data()), part.size()};
  }
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

size_t size_of(std::span<const Bytes> parts) {
  size_t size = 0;
  for (const Bytes part : parts) size += part.size();
  return size;
}

}  // namespace

StreamSocket::StreamSocket(Loop& loop, PolledFd fd, uint32_t events) : loop_(loop), fd_(std::move(fd)) {
  note_readable(events);
  fd_.retarget(*this);
}

std::unique_ptr<StreamSocket> StreamSocket::take(Loop& loop, int fd) {
  // Until the socket is made, nobody is told: events come with the next wait.
  struct Nobody final : Polled {
    void on_ready(uint32_t) override {}
  } nobody;
  PolledFd polled(loop.poller(), fd, kStreamEvents, nobody);
  if (!polled.ok()) return nullptr;
  return std::make_unique<StreamSocket>(loop, std::move(polled), 0);
}

StreamSocket::~StreamSocket() {
  loop_.forget_flush(*this);
  if (active_) loop_.poller().count_active(-1);
}

void StreamSocket::note_active() {
  const bool active = reading() || !sending_.empty();
  if (active != active_) loop_.poller().count_active(active ? 1 : -1);
  active_ = active;
}

void StreamSocket::start_read() {
  if (!paused_) return;
  paused_ = false;
  note_active();
  if (reading() && readable_) loop_.flush_later(*this);
}

void StreamSocket::pause_read() {
  paused_ = true;
  note_active();
}

void StreamSocket::note_readable(uint32_t events) {
  constexpr uint32_t kBehindBytes = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLIN | kBehindBytes)) != 0) readable_ = true;
  if ((events & kBehindBytes) != 0) more_behind_ = true;
  if ((events & EPOLLERR) != 0) errored_ = true;
}

void StreamSocket::on_ready(uint32_t events) {
  if (events == 0) again_due_ = false;
  note_readable(events);
  if (!sending_.empty() && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    const Poller& poller = loop_.poller();
    const Poller::Ticket ticket = fd_.ticket();
    write_backlog();
    if (!poller.holds(ticket)) return;
  }
  if (ended_ && (events & EPOLLERR) != 0) return fail_after_end();
  if (reading()) read_ready();
}

// Nothing is read any more that would tell of it.
void StreamSocket::fail_after_end() {
  int status = 0;
  socklen_t size = sizeof status;
  if (dead_ || write_error_ || getsockopt(fd_.fd(), SOL_SOCKET, SO_ERROR, &status, &size) != 0 || status == 0) return;
  fail(socket_error(-status, "read"));
}

MutableBytes StreamSocket::next_read_room() {
  if (read_iteration_ != loop_.iteration()) {
    read_iteration_ = loop_.iteration();
    read_bytes_ = 0;
  }
  if (read_bytes_ >= Loop::kReadBufferBytes) return {};
  const MutableBytes whole = loop_.read_buffer();
  const size_t limit = std::min(handler_->read_limit(), whole.size());
  if (limit == 0) pause_read();
  return whole.first(limit);
}

void StreamSocket::read_ready() {
  Loop& loop = loop_;  // the handler may destroy this socket
  const Poller::Ticket ticket = fd_.ticket();
  while (reading() && readable_) {
    const MutableBytes room = next_read_room();
    if (room.empty()) {
      if (!paused_ && !std::exchange(again_due_, true)) fd_.again();
      return;
    }
    const bool put_back = unread_ != nullptr;
    const ssize_t size =
        put_back ? static_cast<ssize_t>(take_unread(room)) : recv(fd_.fd(), room.data(), room.size(), 0);
    if (size > 0) {
      const auto read = static_cast<size_t>(size);
      if (read < room.size() && !more_behind_ && !put_back) readable_ = false;
      read_bytes_ += static_cast<uint32_t>(read);
      handler_->on_read(room.first(read));
      loop.write_borrowed();
      if (!loop.poller().holds(ticket)) return;
    } else if (size == 0) {
      return take_end();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      readable_ = more_behind_ = false;
      if (write_error_) return fail(*write_error_);
    } else if (errno != EINTR) {
      return fail(write_error_ ? *write_error_ : socket_error(-errno, "read"));
    }
  }
}

void StreamSocket::unread(ByteBuffer bytes) {
  paused_ = true;
  ended_ = false;
  readable_ = true;  // the end of them is found by reading
  note_active();
  if (!bytes.empty()) unread_ = std::make_unique<ByteBuffer>(std::move(bytes));
}

size_t StreamSocket::take_unread(MutableBytes room) {
  const size_t size = std::min(unread_->size(), room.size());
  std::memcpy(room.data(), unread_->data(), size);
  unread_->consume(size);
  if (unread_->empty()) unread_.reset();
  return size;
}

OwnedFd StreamSocket::release() {
  assert(sending_.empty());
  paused_ = dead_ = true;
  note_active();
  loop_.forget_flush(*this);
  return OwnedFd(fd_.release());
}

void StreamSocket::take_end() {
  if (write_error_) return fail(*write_error_);
  ended_ = true;
  note_active();
  if (errored_) loop_.flush_later(*this);  // the reset that came with the end
  handler_->on_read_end();
}

size_t StreamSocket::try_write(std::span<const Bytes> parts) {
  assert(parts.size() <= kMostParts);
  ssize_t sent = 0;
  do {
    sent = send_parts(fd_.fd(), parts);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (errno != EAGAIN && errno != EWOULDBLOCK) fail_write(-errno);
  return 0;
}

size_t StreamSocket::write(std::span<const Bytes> parts) {
  const size_t size = size_of(parts);
  if (!writable() || size == 0) return backlog_bytes();
  size_t sent = 0;
  if (sending_.empty()) {
    sent = try_write(parts);
    if (sent == size || write_error_) return 0;
  }
  // What the kernel left.
  ByteBuffer& to = sending_.empty() ? sending_ : pending_;
  to.reserve(size - sent);
  for (const Bytes part : parts) {
    const size_t skipped = std::min(sent, part.size());
    to.append(part.subspan(skipped));
    sent -= skipped;
  }
  note_active();
  return backlog_bytes();
}

size_t StreamSocket::write(ByteBuffer& buffer) {
  if (!writable() || buffer.empty()) {
    buffer.clear();
    return backlog_bytes();
  }
  if (sending_.empty()) {
    buffer.consume(try_write(buffer.view()));
    if (!buffer.empty() && !write_error_) sending_ = take_fitting(buffer);
    note_active();
  } else if (pending_.empty()) {
    pending_ = take_fitting(buffer);
  } else {
    pending_.append(buffer.view());
  }
  buffer.clear();
  return backlog_bytes();
}

void StreamSocket::write_backlog() {
  sending_.consume(try_write(sending_.view()));
  if (sending_.empty() && !pending_.empty()) {
    sending_ = std::move(pending_);
    sending_.consume(try_write(sending_.view()));
  }
  if (!sending_.empty() || write_error_) return;
  sending_.release();
  note_active();
  if (shutdown_) ::shutdown(fd_.fd(), SHUT_WR);
  handler_->on_write_drained();
}

// The failure is told at the end of the iteration, after what the peer sent before it broke off where reading is on: an
// answer that came early is not lost.
void StreamSocket::fail_write(int status) {
  if (write_error_) return;
  write_error_ = socket_error(status, "write");
  sending_.release();
  pending_.release();
  note_active();
  readable_ = true;
  loop_.flush_later(*this);
}

void StreamSocket::flush() {
  if (dead_) return;
  if (reading() && readable_) return read_ready();
  if (write_error_) return fail(*write_error_);
  if (ended_ && errored_) fail_after_end();
}

void StreamSocket::fail(const Error& error) {
  dead_ = true;
  note_active();
  const Error told = error;  // a copy: the handler may destroy this socket
  handler_->on_failed(told);
}

void StreamSocket::shutdown() {
  if (shutdown_) return;
  shutdown_ = true;
  if (sending_.empty()) ::shutdown(fd_.fd(), SHUT_WR);
}

void StreamSocket::reset_on_close() {
  const linger at_once{1, 0};
  setsockopt(fd_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool StreamSocket::peer_is_gone() const { return dead_ || write_error_ || is_disconnected(fd_.fd()); }

bool StreamSocket::quiet() const {
  if (has_failed() || ended_ || unread_ != nullptr) return false;
  uint8_t next = 0;
  return recv(fd_.fd(), &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool StreamSocket::all_acknowledged() const { return sending_.empty() && held_output(fd_.fd()) == 0; }

size_t StreamSocket::unacknowledged_bytes() const { return backlog_bytes() + held_output(fd_.fd()); }

uint64_t StreamSocket::acknowledged_bytes() const { return acknowledged_by_peer(fd_.fd()); }

void StreamSocket::set_notsent_lowat(size_t bytes) {
  const int value = static_cast<int>(bytes);
  setsockopt(fd_.fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof value);  // an error where it is no TCP socket
}

void StreamSocket::keep_alive() {
  if (setsockopt(fd_.fd(), IPPROTO_TCP, TCP_KEEPIDLE, &kKeepIdleSeconds, sizeof kKeepIdleSeconds) != 0) return;
  setsockopt(fd_.fd(), IPPROTO_TCP, TCP_KEEPINTVL, &kKeepIntervalSeconds, sizeof kKeepIntervalSeconds);
  setsockopt(fd_.fd(), IPPROTO_TCP, TCP_KEEPCNT, &kKeepProbes, sizeof kKeepProbes);
  const int on = 1;
  setsockopt(fd_.fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

Address StreamSocket::kernel_peer() const { return peer_of(fd_.fd()); }
Address StreamSocket::local() const { return local_of(fd_.fd()); }

Result<std::unique_ptr<Socket>> Socket::adopt(Loop& loop, OwnedFd fd) {
  std::unique_ptr<Socket> socket = StreamSocket::take(loop, fd.release());
  if (socket == nullptr) return tl::unexpected(uv_error(ErrorCode::kIo, -ENOSPC, "adopting a socket"));
  return socket;
}

}  // namespace ingress::uv
