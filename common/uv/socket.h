// A connected byte stream of the kernel (TCP or Unix). Reads into the loop's buffer, tries to write at once and keeps
// what the kernel does not take. Raw: TLS, coalescing and back-pressure marks are common/transport's.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/byte_buffer.h"
#include "common/base/error.h"
#include "common/uv/loop.h"
#include "common/uv/owned_fd.h"

namespace ingress::uv {

// An IP address and port, or a Unix path. Plain value.
struct Address {
  std::string ip;  // "192.0.2.1", "2001:db8::1"; "" for a Unix socket
  int port = 0;
  std::string unix_path;

  // "1.2.3.4:80", "[::]:80", ":80" (dual-stack any), "unix:/path"; kInvalidArgument for anything else (names too).
  static Result<Address> parse(std::string_view text);
  std::string to_text() const;
  // Only who is on this machine can be there, or come there.
  bool is_loopback() const;
};

class SocketHandler {
 public:
  // How many bytes the next read may take; 0 means "pause reading" (resume_read starts it again).
  virtual size_t read_limit() { return Loop::kReadBufferBytes; }
  // Bytes came. They lie in the loop's read buffer, may be overwritten, and are valid until the call returns.
  virtual void on_read(MutableBytes bytes) = 0;
  // The peer closed its sending side. Writing goes on, until on_failed tells that the peer is gone altogether.
  virtual void on_read_end() = 0;
  // The connection failed; the owner closes it. Never called from inside a call of the owner. A failed write is told
  // after the bytes that the peer had sent, while reading is on (else at the end of the iteration); what is written
  // meanwhile is dropped. kReset, kTimeout or kIo; the owner puts its side.
  virtual void on_failed(const Error& error) = 0;
  // Everything given to write() was taken by the kernel, after it had not been at once.
  virtual void on_write_drained() = 0;

 protected:
  ~SocketHandler() = default;
};

class Socket {
 public:
  // A connected socket that another loop released.
  static Result<std::unique_ptr<Socket>> adopt(Loop& loop, OwnedFd fd);
  // Destroying a socket closes it: unwritten bytes are dropped and no callback comes any more.
  virtual ~Socket() = default;

  virtual void set_handler(SocketHandler* handler) = 0;
  virtual void start_read() = 0;
  virtual void pause_read() = 0;  // start_read resumes
  // Writes the parts, in order, in one system call where the kernel takes them; what it does not take is copied and
  // written later. Returns the bytes that wait. Errors come by on_failed, later. At most kMostParts.
  static constexpr size_t kMostParts = 32;
  virtual size_t write(std::span<const Bytes> parts) = 0;
  size_t write(Bytes bytes) { return write({&bytes, 1}); }
  // The buffer is empty afterwards. Its memory is taken, instead of copying what the kernel leaves, where that fills
  // most of it: what waits for a slow peer holds little more memory than it has bytes.
  virtual size_t write(ByteBuffer& buffer) = 0;
  virtual size_t backlog_bytes() const = 0;
  // Sends FIN after what waits.
  virtual void shutdown() = 0;
  // RST instead of FIN at destruction (SO_LINGER 0).
  virtual void reset_on_close() = 0;
  // True when the kernel knows that the peer has reset the connection, though reading is paused (TCP_INFO).
  virtual bool peer_is_gone() const = 0;
  // Whether an error is known that on_failed tells once reading goes on: a reset, a silence that keep_alive() ended, a
  // write that failed. A peer that closed in order, of a Unix socket too, is no error. No system call.
  virtual bool has_failed() const = 0;
  // Whether nothing waits to be read: no bytes, no end, no error, in the kernel either. One system call. Bytes and an
  // end are read later all the same, an error may be told as an end: for who closes what is not quiet.
  virtual bool quiet() const = 0;
  // False while the kernel holds bytes that the peer's has not acknowledged (SIOCOUTQ).
  virtual bool all_acknowledged() const = 0;
  // How many bytes of ours the peer's kernel has not acknowledged, those that wait here among them (SIOCOUTQ).
  virtual size_t unacknowledged_bytes() const = 0;
  // How many bytes of ours the peer's kernel has acknowledged so far (TCP_INFO); 0 for Unix sockets.
  virtual uint64_t acknowledged_bytes() const = 0;
  virtual void set_notsent_lowat(size_t bytes) = 0;
  // The kernel asks a peer that is silent whether it is still there: one that is not fails the connection (kTimeout)
  // two minutes after its last word. Nothing for Unix sockets.
  virtual void keep_alive() = 0;
  // One system call each; empty where the kernel no longer knows, and for Unix sockets. The peer is the one that was
  // told, where one was.
  Address peer() const { return told_peer_ != nullptr ? *told_peer_ : kernel_peer(); }
  virtual Address local() const = 0;
  // Whom a proxy in front passes on by this connection.
  void tell_peer(const Address& peer) { told_peer_ = std::make_unique<Address>(peer); }
  // nullptr where none was told; to be told again on another loop.
  const Address* told_peer() const { return told_peer_.get(); }
  // Puts back what on_read gave: the next read brings it first, and then what has come since (an end that was told
  // is told again).
  virtual void unread(ByteBuffer bytes) = 0;
  // The connection, for another loop: nothing is read or written here any more, and nobody is called. The owner
  // destroys this socket next. Nothing may wait to be written.
  virtual OwnedFd release() = 0;

 private:
  virtual Address kernel_peer() const = 0;

  std::unique_ptr<Address> told_peer_;
};

// A listening socket. Bind failures (port taken, no right) are errors with errno.
class Listener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Socket>)>;
  // `mode` is the file mode of a Unix socket; a stale socket file is replaced, a live one is an error.
  static Result<std::unique_ptr<Listener>> listen(Loop& loop, const Address& address, OnAccept on_accept,
                                                  int mode = 0600);
  // Another loop's end of a TCP listener: each connection is accepted by one of the two.
  static Result<std::unique_ptr<Listener>> adopt(Loop& loop, OwnedFd fd, OnAccept on_accept);
  // Closes; connections that were accepted live on. It may be destroyed in on_accept.
  virtual ~Listener() = default;
  // While the process has `descriptors` open or more, each connection that is accepted calls `make_room`, which closes
  // another, soon, or says false: then no further one is accepted until some descriptor was closed (it is asked again
  // now and then), and what comes waits in the socket's queue. Without this, what comes when descriptors have run out
  // is closed.
  using MakeRoom = std::function<bool()>;
  virtual void set_limit(int descriptors, MakeRoom make_room) = 0;
  // For adopt(). Not valid where descriptors have run out.
  virtual OwnedFd share() const = 0;
  // The address that was bound: the real port where 0 was asked for.
  virtual Address local() const = 0;
};

// An attempt to connect; fails with kConnectFailed (retryable). Destroying it gives up. Calls back once, never from
// inside connect(). TCP_NODELAY is set.
class Connecting {
 public:
  using OnDone = std::function<void(Result<std::unique_ptr<Socket>>)>;
  static std::unique_ptr<Connecting> connect(Loop& loop, const Address& address, OnDone on_done);
  virtual ~Connecting() = default;
};

// Addresses of a name (at least one, or kResolveFailed), by the C library or by c-ares (name_lookup.h; a numeric one,
// and localhost and the names under it, at once). Destroying it gives up. Calls back once, later.
class Resolving {
 public:
  using OnDone = std::function<void(Result<std::vector<Address>>)>;
  static std::unique_ptr<Resolving> resolve(Loop& loop, const std::string& name, int port, OnDone on_done);
  virtual ~Resolving() = default;
};

}  // namespace ingress::uv
