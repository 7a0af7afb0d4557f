#include "common/uv/stream_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "common/uv/uv_error.h"

namespace ingress::uv {
namespace {

uv_buf_t buffer_of(Bytes bytes) {
  return uv_buf_init(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())),
                     static_cast<unsigned>(bytes.size()));
}

// The bytes of `buffer`, in its own memory where they fill most of that.
ByteBuffer take_fitting(ByteBuffer& buffer) {
  if (buffer.capacity() <= buffer.size() + buffer.size() / 4 + kHeadroomBytes) return std::move(buffer);
  ByteBuffer copy;
  copy.append(buffer.view());
  buffer.clear();
  return copy;
}

}  // namespace

// One uv_write with the bytes it writes. It outlives the socket where that dies first.
struct StreamSocket::WriteRequest {
  uv_write_t request;
  ByteBuffer bytes;
  StreamSocket* owner;
};

StreamSocket::StreamSocket(Loop& loop, StreamHandle handle) : loop_(loop), handle_(std::move(handle)) {
  handle_.stream()->data = this;
}

StreamSocket::~StreamSocket() {
  loop_.forget_flush(*this);
  if (in_flight_ != nullptr) in_flight_->owner = nullptr;
}

void StreamSocket::start_read() {
  paused_ = false;
  if (polling_ || ended_ || dead_) return;
  if (bytes_wait_) {
    loop_.flush_later(*this);
  } else {
    watch();
  }
}

void StreamSocket::watch() {
  bytes_wait_ = false;
  const auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    *buffer = static_cast<StreamSocket*>(handle->data)->next_read_buffer();
  };
  const auto read = [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    static_cast<StreamSocket*>(stream->data)->take_read(size, reinterpret_cast<uint8_t*>(buffer->base));
  };
  const int status = uv_read_start(handle_.stream(), allocate, read);
  if (status == 0) {
    polling_ = true;
  } else {
    fail_write(status);
  }
}

void StreamSocket::pause_read() {
  paused_ = true;
  if (write_error_) loop_.flush_later(*this);
}

uv_buf_t StreamSocket::next_read_buffer() {
  const uv_buf_t none = uv_buf_init(nullptr, 0);  // libuv answers by a "read" of UV_ENOBUFS
  if (paused_) return none;
  if (read_iteration_ != loop_.iteration()) {
    read_iteration_ = loop_.iteration();
    read_bytes_ = 0;
  }
  if (read_bytes_ >= Loop::kReadBufferBytes) return none;
  const MutableBytes whole = loop_.read_buffer();
  const size_t limit = std::min(handler_->read_limit(), whole.size());
  if (limit == 0) {
    paused_ = true;
    return none;
  }
  return buffer_of(whole.first(limit));
}

void StreamSocket::take_read(ssize_t size, uint8_t* bytes) {
  if (size > 0) {
    Loop& loop = loop_;  // the handler may destroy this socket
    read_bytes_ += static_cast<size_t>(size);
    handler_->on_read({bytes, static_cast<size_t>(size)});
    loop.write_borrowed();
  } else if (size == UV_EOF) {
    take_end();
  } else if (size == UV_ENOBUFS) {
    if (!paused_) return;  // enough for this iteration
    uv_read_stop(handle_.stream());
    polling_ = false;
    bytes_wait_ = true;
    if (write_error_) loop_.flush_later(*this);
  } else if (size < 0) {
    polling_ = false;
    fail(write_error_ ? *write_error_ : socket_error(static_cast<int>(size), "read"));
  }
}

// One read, as libuv's own would be. What comes after it is arranged before the handler is called.
void StreamSocket::read_waiting() {
  const uv_buf_t buffer = next_read_buffer();
  if (buffer.len == 0) {
    if (!paused_) watch();  // enough for this iteration
    return;
  }
  ssize_t size = 0;
  do {
    size = recv(handle_.fd(), buffer.base, buffer.len, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return watch();
  if (size < 0) return fail(write_error_ ? *write_error_ : socket_error(-errno, "read"));
  if (size == 0) return take_end();
  if (static_cast<size_t>(size) < buffer.len) {
    watch();
  } else {
    loop_.flush_later(*this);
  }
  take_read(size, reinterpret_cast<uint8_t*>(buffer.base));
}

void StreamSocket::take_end() {
  ended_ = true;
  polling_ = false;
  // libuv calls a hang-up after a short read the end, also where it was a reset: a cut transfer must not look whole.
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(handle_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (write_error_) return fail(*write_error_);
  if (error != 0) return fail(socket_error(-error, "read"));
  handler_->on_read_end();
}

size_t StreamSocket::try_write(std::span<const Bytes> parts) {
  assert(parts.size() <= kMostParts);
  std::array<uv_buf_t, kMostParts> buffers;
  unsigned count = 0;
  for (const Bytes part : parts) {
    if (!part.empty()) buffers[count++] = buffer_of(part);
  }
  if (count == 0) return 0;
  const int status = uv_try_write(handle_.stream(), buffers.data(), count);
  if (status >= 0) return static_cast<size_t>(status);
  if (status != UV_EAGAIN) fail_write(status);
  return 0;
}

size_t StreamSocket::write(std::span<const Bytes> parts) {
  size_t size = 0;
  for (const Bytes part : parts) size += part.size();
  if (!writable() || size == 0) return backlog_bytes();
  size_t sent = 0;
  if (in_flight_ == nullptr) {
    sent = try_write(parts);
    if (sent == size || write_error_) return 0;
  }
  // What the kernel left.
  ByteBuffer rest;
  ByteBuffer& to = in_flight_ == nullptr ? rest : pending_;
  to.reserve(size - sent);
  for (const Bytes part : parts) {
    const size_t skipped = std::min(sent, part.size());
    to.append(part.subspan(skipped));
    sent -= skipped;
  }
  if (in_flight_ == nullptr) write_later(std::move(rest));
  return backlog_bytes();
}

size_t StreamSocket::write(ByteBuffer& buffer) {
  if (!writable() || buffer.empty()) {
    buffer.clear();
    return backlog_bytes();
  }
  if (in_flight_ == nullptr) {
    buffer.consume(try_write(buffer.view()));
    if (!buffer.empty() && !write_error_) write_later(take_fitting(buffer));
  } else if (pending_.empty()) {
    pending_ = take_fitting(buffer);
  } else {
    pending_.append(buffer.view());
  }
  buffer.clear();
  return backlog_bytes();
}

void StreamSocket::write_later(ByteBuffer bytes) {
  auto* request = new WriteRequest{{}, std::move(bytes), this};
  request->request.data = request;
  const uv_buf_t buffer = buffer_of(request->bytes.view());
  const auto done = [](uv_write_t* finished, int status) {
    const std::unique_ptr<WriteRequest> own(static_cast<WriteRequest*>(finished->data));
    if (own->owner != nullptr) own->owner->written(status);
  };
  in_flight_ = request;
  const int status = uv_write(&request->request, handle_.stream(), &buffer, 1, done);
  if (status == 0) return;
  in_flight_ = nullptr;
  delete request;
  fail_write(status);
}

void StreamSocket::written(int status) {
  in_flight_ = nullptr;
  if (status != 0) return fail_write(status);
  if (!pending_.empty()) {
    ByteBuffer next = std::move(pending_);
    next.consume(try_write(next.view()));
    if (!next.empty() && !write_error_) write_later(std::move(next));
  }
  if (in_flight_ != nullptr || write_error_) return;
  if (shutdown_) ::shutdown(handle_.fd(), SHUT_WR);
  handler_->on_write_drained();
}

// While reading is on, the read side tells the failure after the last bytes that the peer sent: an answer that came
// before the peer broke off our request is not lost.
void StreamSocket::fail_write(int status) {
  if (write_error_) return;
  write_error_ = socket_error(status, "write");
  pending_.release();
  if (!reading()) loop_.flush_later(*this);
}

void StreamSocket::flush() {
  if (dead_) return;
  if (bytes_wait_ && !paused_ && !polling_) return read_waiting();
  if (write_error_ && !reading()) fail(*write_error_);
}

void StreamSocket::fail(const Error& error) {
  dead_ = true;
  const Error told = error;  // a copy: the handler may destroy this socket
  handler_->on_failed(told);
}

size_t StreamSocket::backlog_bytes() const {
  if (write_error_) return 0;
  return (in_flight_ == nullptr ? 0 : uv_stream_get_write_queue_size(handle_.stream())) + pending_.size();
}

void StreamSocket::shutdown() {
  if (shutdown_) return;
  shutdown_ = true;
  if (in_flight_ == nullptr) ::shutdown(handle_.fd(), SHUT_WR);
}

void StreamSocket::reset_on_close() {
  const linger at_once{1, 0};
  setsockopt(handle_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool StreamSocket::peer_is_gone() const {
  if (dead_ || write_error_) return true;
  if (handle_.is_tcp()) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return getsockopt(handle_.fd(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
  }
  pollfd polled{handle_.fd(), 0, 0};
  return poll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR)) != 0;
}

void StreamSocket::set_notsent_lowat(size_t bytes) {
  const int value = static_cast<int>(bytes);
  if (handle_.is_tcp()) setsockopt(handle_.fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof value);
}

}  // namespace ingress::uv
