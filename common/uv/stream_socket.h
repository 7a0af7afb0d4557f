// The Socket over a libuv stream. Private to common/uv.
//
// Writing tries at once; what the kernel leaves goes into one uv_write, and what comes meanwhile gathers behind it and
// becomes the next. Pausing is lazy: the handle goes on polling until bytes come that nobody wants, so that a pause and
// a resume between two requests cost no epoll_ctl. Where bytes wait, resuming reads them at the end of the iteration
// without asking epoll first, and polls again only when it has found the end of them. One iteration reads at most one
// read buffer full, so that a fast peer does not hold up the others.
#pragma once

#include <uv.h>

#include <optional>

#include "common/uv/socket.h"
#include "common/uv/uv_handle.h"

namespace ingress::uv {

// A TCP or Unix stream handle; every member begins with the common part of libuv's handles.
union StreamStorage {
  uv_tcp_t tcp;
  uv_pipe_t pipe;
};

class StreamHandle {
 public:
  enum class Kind : uint8_t { kTcp, kUnix };
  StreamHandle(Loop& loop, Kind kind);

  uv_stream_t* stream() const { return reinterpret_cast<uv_stream_t*>(handle_.get()); }
  uv_tcp_t* tcp() const { return &handle_.get()->tcp; }
  uv_pipe_t* pipe() const { return &handle_.get()->pipe; }
  bool is_tcp() const { return stream()->type == UV_TCP; }
  // -1 where there is no socket yet.
  int fd() const;
  Address local() const;
  Address peer() const;

 private:
  UvHandle<StreamStorage> handle_;
};

class StreamSocket final : public Socket, private Flushable {
 public:
  // `handle` is connected.
  StreamSocket(Loop& loop, StreamHandle handle);
  ~StreamSocket() override;

  void set_handler(SocketHandler* handler) override { handler_ = handler; }
  void start_read() override;
  void pause_read() override;
  using Socket::write;
  size_t write(std::span<const Bytes> parts) override;
  size_t write(ByteBuffer& buffer) override;
  size_t backlog_bytes() const override;
  void shutdown() override;
  void reset_on_close() override;
  bool peer_is_gone() const override;
  void set_notsent_lowat(size_t bytes) override;
  Address peer() const override { return handle_.peer(); }
  Address local() const override { return handle_.local(); }

 private:
  struct WriteRequest;

  bool writable() const { return !dead_ && !shutdown_ && !write_error_; }
  bool reading() const { return polling_ && !paused_; }
  void watch();
  uv_buf_t next_read_buffer();
  void read_waiting();
  void take_read(ssize_t size, uint8_t* bytes);
  void take_end();
  size_t try_write(std::span<const Bytes> parts);
  size_t try_write(Bytes bytes) { return try_write({&bytes, 1}); }
  void write_later(ByteBuffer bytes);
  void written(int status);
  void fail_write(int status);
  void fail(const Error& error);
  // Reads what waits; tells a write error that reading will not.
  void flush() override;

  Loop& loop_;
  StreamHandle handle_;
  SocketHandler* handler_ = nullptr;
  WriteRequest* in_flight_ = nullptr;
  ByteBuffer pending_;
  std::optional<Error> write_error_;
  uint32_t read_iteration_ = 0;  // the iteration that read_bytes_ counts
  size_t read_bytes_ = 0;
  bool polling_ = false;  // uv_read_start is on
  bool paused_ = true;
  bool bytes_wait_ = false;  // polling has ended because of bytes that nobody wanted then
  bool ended_ = false;       // FIN was read
  bool shutdown_ = false;
  bool dead_ = false;  // on_failed was called
};

}  // namespace ingress::uv
