// A byte stream with a peer, in clear or over TLS, with output gathered per loop iteration.
//
// Writing: small writes (< 8 KiB) are copied and written together at the end of the loop iteration (one system call);
// larger ones are written at once, behind what was gathered, straight from the caller's bytes where the kernel takes
// them. Back-pressure: write() always takes everything; backlog_bytes() says how much the kernel has not taken. A caller
// that produces without limit stops while congested() and goes on at on_drained().
// Reading: on_data hands out bytes of a buffer that the loop shares; the handler takes all of them (and keeps what it
// can't use yet), and pauses reading, or lowers read_limit, where it wants no more.
//
// Callbacks never come from inside a call of the owner (write, close…): a failure found there is told later, in the same
// iteration. After on_closed nothing comes any more. Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/byte_buffer.h"
#include "common/base/error.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::tls {
class TlsSession;
}

namespace ingress::transport {

class ConnectionHandler {
 public:
  // The TLS handshake is done (at once, from the loop, for a clear connection).
  virtual void on_ready() {}
  // At most this many bytes should come by the next on_data (over TLS up to one 16 KiB record more). 0: reading pauses
  // as by pause_read().
  virtual size_t read_limit() { return uv::Loop::kReadBufferBytes; }
  // Plain bytes, valid until the call returns, kHeadroomBytes of scratch before them.
  virtual void on_data(MutableBytes bytes) = 0;
  // The peer will send no more (FIN, close_notify). Sending goes on.
  virtual void on_end() = 0;
  // congested() was true and no longer is.
  virtual void on_drained() {}
  // Failed, or closed after close(): the last call. `error.code` is kClosed for a close of ours.
  virtual void on_closed(const Error& error) = 0;

 protected:
  ~ConnectionHandler() = default;
};

class Connection : public uv::Buryable, private uv::Flushable, private uv::SocketHandler {
 public:
  static constexpr size_t kWriteThroughBytes = 8 * 1024;
  static constexpr size_t kHighWaterBytes = 256 * 1024;
  static constexpr size_t kLowWaterBytes = 64 * 1024;

  // Takes a connected socket. `tls` may be null (clear). Call start() once the handler is set.
  // `side` is what errors of this connection are blamed on.
  Connection(uv::Loop& loop, std::unique_ptr<uv::Socket> socket, std::unique_ptr<tls::TlsSession> tls, Side side);
  ~Connection() override;

  // A connection can be handed from one handler to another (a listener's to the HTTP codec or the tunnel, by ALPN).
  void set_handler(ConnectionHandler* handler) { handler_ = handler; }
  void start();

  void write(Bytes bytes);
  void write(std::string_view text) { write(as_bytes(text)); }
  // Room for `size` bytes (< kWriteThroughBytes) in the gathered output, then commit what was written there.
  uint8_t* reserve(size_t size);
  void commit(size_t size);
  // Writes what was gathered now instead of at the end of the iteration.
  void flush_now();
  // Bytes accepted by write() that the kernel has not taken (gathered ones too).
  size_t backlog_bytes() const;
  bool congested() const { return congested_; }

  void pause_read();
  void resume_read();
  bool reading() const { return reading_; }

  // No more output: what was written goes out, then close_notify and FIN. Reading goes on.
  void shutdown();
  // Closes after what was written has gone out, or after `linger` without progress; reads and drops until then
  // (RFC 9112, 9.6: a lingering close, so that a RST does not eat the answer). on_closed follows.
  void close_after_flush(Duration linger = Duration{5000});
  // Closes now; unwritten output is dropped. on_closed follows, later. Idempotent.
  void close();
  // As close(), with a RST: a transfer that was cut must not look complete to an HTTP/1.0 peer.
  void abort();

  bool is_tls() const { return tls_ != nullptr; }
  const tls::TlsSession* tls() const { return tls_.get(); }
  bool peer_is_gone() const;
  uv::Address peer() const;
  uv::Address local() const;
  uv::Loop& loop() { return loop_; }
  void set_notsent_lowat(size_t bytes);

 private:
  // implementation: common/transport/connection.cc
  uv::Loop& loop_;
  std::unique_ptr<uv::Socket> socket_;
  std::unique_ptr<tls::TlsSession> tls_;
  Side side_;
  ConnectionHandler* handler_ = nullptr;
  bool congested_ = false;
  bool reading_ = false;
};

}  // namespace ingress::transport
