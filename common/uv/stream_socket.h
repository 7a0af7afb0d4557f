// The Socket over a descriptor of the kernel. Private to common/uv.
//
// Writing tries at once; what the kernel leaves gathers here and is written when it says that there is room. The kernel
// tells once that bytes came (edge-triggered): whether there are more is known here, so that pausing and resuming cost
// no system call. A socket that is resumed with bytes waiting reads them at the end of the iteration. One iteration
// reads at most one read buffer full, so that a fast peer does not hold up the others.
#pragma once

#include <memory>
#include <optional>

#include "common/uv/poller.h"
#include "common/uv/socket.h"

namespace ingress::uv {

class StreamSocket final : public Socket, private Flushable, private Polled {
 public:
  // `fd` is connected; `events` is what epoll has told of it already (it tells no event twice).
  StreamSocket(Loop& loop, PolledFd fd, uint32_t events);
  // Takes a connected, non-blocking `fd`. Null where it cannot be polled.
  static std::unique_ptr<StreamSocket> take(Loop& loop, int fd);
  ~StreamSocket() override;

  void set_handler(SocketHandler* handler) override { handler_ = handler; }
  void start_read() override;
  void pause_read() override;
  using Socket::write;
  size_t write(std::span<const Bytes> parts) override;
  size_t write(ByteBuffer& buffer) override;
  size_t backlog_bytes() const override { return sending_.size() + pending_.size(); }
  void shutdown() override;
  void reset_on_close() override;
  bool peer_is_gone() const override;
  bool has_failed() const override { return dead_ || errored_ || write_error_.has_value(); }
  bool quiet() const override;
  bool all_acknowledged() const override;
  size_t unacknowledged_bytes() const override;
  uint64_t acknowledged_bytes() const override;
  void set_notsent_lowat(size_t bytes) override;
  void keep_alive() override;
  Address local() const override;
  void unread(ByteBuffer bytes) override;
  OwnedFd release() override;

 private:
  Address kernel_peer() const override;
  bool writable() const { return !dead_ && !shutdown_ && !write_error_; }
  bool reading() const { return !paused_ && !ended_ && !dead_; }
  void note_active();
  void note_readable(uint32_t events);
  void on_ready(uint32_t events) override;
  MutableBytes next_read_room();
  // Reads until the kernel has no more, this iteration's share is read, or nobody wants more.
  void read_ready();
  void fail_after_end();
  size_t take_unread(MutableBytes room);
  void take_end();
  // What the kernel took of the parts.
  size_t try_write(std::span<const Bytes> parts);
  size_t try_write(Bytes bytes) { return try_write({&bytes, 1}); }
  void write_backlog();
  void fail_write(int status);
  void fail(const Error& error);
  // Reads what waits; tells a write error.
  void flush() override;

  Loop& loop_;
  PolledFd fd_;
  SocketHandler* handler_ = nullptr;
  // What the kernel did not take, and what came meanwhile: apart, so that neither is copied for the other's sake.
  ByteBuffer sending_;
  ByteBuffer pending_;                  // empty where sending_ is
  std::unique_ptr<ByteBuffer> unread_;  // never empty
  std::optional<Error> write_error_;
  uint32_t read_iteration_ = 0;  // the iteration that read_bytes_ counts
  uint32_t read_bytes_ = 0;
  bool readable_ = false;     // the kernel may have more
  bool more_behind_ = false;  // the end, an error or urgent data lies behind the bytes: a short read is not the last
  bool errored_ = false;      // epoll has told of an error
  bool again_due_ = false;    // the poller calls again
  bool paused_ = true;
  bool ended_ = false;  // FIN was read
  bool shutdown_ = false;
  bool dead_ = false;    // on_failed was called
  bool active_ = false;  // keeps the loop running
};

}  // namespace ingress::uv
