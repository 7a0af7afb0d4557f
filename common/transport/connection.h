// A byte stream with a peer, in clear or over TLS, with output gathered per loop iteration.
//
// Writing: small writes (< 8 KiB) are copied and written together at the end of the loop iteration (one system call);
// larger ones are written at once, behind what was gathered, straight from the caller's bytes where the kernel takes
// them. Back-pressure: write() always takes everything; backlog_bytes() says how much the kernel has not taken. A
// caller that produces without limit stops while congested() and goes on at on_drained(). Reading: on_data hands out
// bytes of a buffer that the loop shares; the handler takes all of them (and keeps what it can't use yet), and pauses
// reading, or lowers read_limit, where it wants no more.
//
// Callbacks never come from inside a call of the owner (write, close…): a failure found there is told later, in the
// same iteration. After on_closed nothing comes any more. Thread: the loop's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/byte_buffer.h"
#include "common/base/deadline.h"
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

// An open connection between two loops: for the Connection of the other one. Plain bytes that its handler was given are
// the handler's to carry.
struct Detached {
  uv::OwnedFd fd;
  std::unique_ptr<tls::TlsSession> tls;
  std::optional<uv::Address> peer;  // that a proxy in front told: for Socket::tell_peer
};

class Connection : public uv::Buryable,
                   private uv::Flushable,
                   private uv::Borrower,
                   private uv::SocketHandler,
                   private DeadlineHandler {
 public:
  static constexpr size_t kWriteThroughBytes = size_t{8} * 1024;
  static constexpr size_t kHighWaterBytes = size_t{256} * 1024;
  static constexpr size_t kLowWaterBytes = size_t{64} * 1024;
  // A TLS handshake that takes longer ends in on_closed (kTimeout).
  static constexpr Duration kHandshakeTimeout{10000};

  // Takes a connected socket. `tls` may be null (clear). `side` is what errors of this connection are blamed on.
  // Destroying a connection drops what it has not written and calls nobody.
  Connection(uv::Loop& loop, std::unique_ptr<uv::Socket> socket, std::unique_ptr<tls::TlsSession> tls, Side side);
  ~Connection() override;

  // A connection can be handed from one handler to another (a listener's to the HTTP codec or the tunnel, by ALPN).
  // Null: what comes is dropped.
  void set_handler(ConnectionHandler* handler) { handler_ = handler; }
  // Begins: the TLS handshake where there is one that is not done, then on_ready, then reading (unless it is paused by
  // then).
  void start();
  // Gives the connection up for another loop; this object is dead and is to be buried, and calls nobody. Only while it
  // is open, reading is paused, and no callback of it is under way. nullopt, with nothing changed, where it is not open
  // any more or output is stuck.
  std::optional<Detached> detach();

  void write(Bytes bytes);
  void write(std::string_view text) { write(as_bytes(text)); }
  // As write(). Of a clear connection, large pieces that lie in one of the loop's buffers (what a handler was handed,
  // or what a tunnel's session took out of it) wait there until the callback of the read that brought them returns, and
  // share one system call. Until then they count as backlog, and nothing may overwrite them.
  void write_from_read(Bytes bytes);
  // Room for `size` bytes (< kWriteThroughBytes) in the gathered output, then commit what was written there.
  uint8_t* reserve(size_t size);
  void commit(size_t size);
  // Writes what was gathered now instead of at the end of the iteration.
  void flush_now();
  // Bytes accepted by write() that the kernel has not taken (gathered ones too).
  size_t backlog_bytes() const;
  // Plain output that still waits for the iteration's end; nothing of it was written or sealed.
  Bytes gathered() const { return gathered_.view(); }
  bool congested() const { return congested_; }
  // congested() begins above `high` and ends at `low` (kHighWaterBytes and kLowWaterBytes until it is called).
  void set_water_marks(size_t high, size_t low);

  // After pause_read no on_data or on_end comes until resume_read; neither costs a system call by itself.
  void pause_read();
  void resume_read();
  bool reading() const { return reading_; }

  // No more output: what was written goes out, then close_notify and FIN. Reading goes on.
  void shutdown();
  // Closes after what was written has gone out, or after `linger` without progress; reads and drops until then
  // (RFC 9112, 9.6: a lingering close, so that a RST does not eat the answer), for six times `linger` at most after the
  // output is out. Output that is stuck ends in a RST. on_closed follows; no other callback comes.
  void close_after_flush(Duration linger = Duration{5000});
  // Closes now; unwritten output is dropped (close_notify is sent where nothing waits). on_closed follows, later.
  // Idempotent.
  void close();
  // As close(), with a RST: a transfer that was cut must not look complete to an HTTP/1.0 peer.
  void abort();

  bool is_tls() const { return tls_ != nullptr; }
  const tls::TlsSession* tls() const { return tls_.get(); }
  bool peer_is_gone() const;
  // As Socket::has_failed.
  bool has_failed() const { return socket_ == nullptr || socket_->has_failed(); }
  // As Socket::quiet: of what was sent, over TLS of its records.
  bool quiet() const { return socket_ != nullptr && socket_->quiet(); }
  // False while anything that was written is still on its way to the peer's kernel.
  bool all_acknowledged() const;
  // How much of what was written the peer's kernel does not have; one system call.
  size_t unacknowledged_bytes() const;
  // How much of what was written the peer's kernel has; one system call. 0 where nobody knows.
  uint64_t acknowledged_bytes() const;
  // A system call each, so keep the answer; empty after on_closed, and where the peer has reset the connection.
  uv::Address peer() const;
  uv::Address local() const;
  // As Socket::tell_peer.
  void tell_peer(const uv::Address& peer);
  bool peer_was_told() const { return socket_ != nullptr && socket_->told_peer() != nullptr; }
  uv::Loop& loop() { return loop_; }
  void set_notsent_lowat(size_t bytes);
  // As Socket::keep_alive.
  void keep_alive();

 private:
  // kNew → kStarting (clear) or kHandshake (TLS) → kOpen → (kLingering) → kClosed, which every state can jump to.
  enum class State : uint8_t { kNew, kStarting, kHandshake, kOpen, kLingering, kClosed };

  // uv::SocketHandler
  size_t read_limit() override;
  void on_read(MutableBytes bytes) override;
  void on_read_end() override;
  void on_failed(const Error& error) override;
  void on_write_drained() override;
  // uv::Borrower
  void write_parts(std::span<const Bytes> parts) override;
  // uv::Flushable: the end of an iteration in which something is to be written or told.
  void flush() override;
  // DeadlineHandler: the handshake, or a lingering close, takes too long.
  void on_deadline(Deadline& deadline) override;

  // connection.cc: how it begins and ends
  void become_ready();
  void end(const Error& error);
  void fail(Error error);
  void tell_closed();
  void linger_on(Duration time);
  void finish_lingering();

  // connection_output.cc
  bool takes_output() const;
  bool ready() const { return state_ == State::kOpen || state_ == State::kLingering; }
  void gather_done();
  void write_through(Bytes bytes);
  void settle_borrowed();
  void seal_through(Bytes bytes);
  bool seal(Bytes plain);
  void write_sealed();
  void write_gathered();
  void finish_sending();
  void note_backlog();
  void tell_drained();

  // connection_input.cc
  void receive_sealed(MutableBytes bytes);
  void answer_in_clear();
  void hand_out_plain();
  bool read_plain_once();
  void tell_end();

  uv::Loop& loop_;
  std::unique_ptr<uv::Socket> socket_;  // until on_closed was called
  std::unique_ptr<tls::TlsSession> tls_;
  ConnectionHandler* handler_ = nullptr;
  // Plain output of this iteration, and TLS records of it. Their memory comes from the thread's pool and goes back
  // there when they are empty: an idle connection owns none.
  ByteBuffer gathered_;
  ByteBuffer sealed_;
  size_t borrowed_bytes_ = 0;
  Deadline deadline_;
  Error end_error_;  // what on_closed says
  Duration linger_{0};
  Time linger_end_{};
  size_t linger_backlog_ = 0;  // when the deadline was armed
  uint64_t linger_taken_ = 0;  // acknowledged_bytes() then
  uint32_t high_water_bytes_ = kHighWaterBytes;
  uint32_t low_water_bytes_ = kLowWaterBytes;
  Side side_;
  State state_ = State::kNew;
  bool congested_ = false;
  bool reading_ = false;
  bool unread_ = false;            // the TLS session may have plain bytes that were not handed out
  bool socket_ended_ = false;      // FIN came
  bool reset_behind_end_ = false;  // and then a reset, which is told behind the plain bytes
  bool end_told_ = false;
  bool shutdown_ = false;  // no more output is taken
  bool fin_sent_ = false;
  bool closed_told_ = false;
  bool begun_ = false;  // bytes of a TLS handshake have come
};

}  // namespace ingress::transport
