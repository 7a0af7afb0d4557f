// One TLS connection over memory: ciphertext in, plaintext out, and back. No sockets, no clock.
#pragma once

#include <memory>
#include <string>

#include "common/base/byte_buffer.h"
#include "common/base/error.h"
#include "common/tls/tls_context.h"

namespace ingress::tls {

class TlsSession {
 public:
  static std::unique_ptr<TlsSession> accept(const ServerContext& context);
  static std::unique_ptr<TlsSession> connect(const ClientContext& context, const std::string& server_name);
  ~TlsSession();

  // Before start(), of a client: offers this ALPN protocol, and versions from `least` on, instead of the context's.
  void offer(const std::string& alpn, LeastVersion least);
  // Gives ciphertext that came. It must stay valid until read_plain has returned 0, or until keep_unread.
  // An error ends the session (side kInternal; the owner puts its own); an alert for the peer may be in `out`.
  // Handshake output is appended to `out`.
  Status receive(Bytes ciphertext, ByteBuffer& out);
  // Copies what read_plain has not used yet, so that the memory given to receive may go: for a reader that stops early.
  void keep_unread();
  // Decrypts into `to`; 0 when there is no more for now, or after the peer's close_notify. Call until 0 after each
  // receive.
  Result<size_t> read_plain(MutableBytes to, ByteBuffer& out);
  // Encrypts, appending records to `out`. Only after handshake_done().
  Status write_plain(Bytes plain, ByteBuffer& out);
  // Starts a client's handshake (its first flight goes to `out`).
  Status start(ByteBuffer& out);
  // Our close_notify.
  void close_notify(ByteBuffer& out);

  bool handshake_done() const;
  bool peer_closed() const;              // close_notify came
  std::string_view alpn() const;         // "" where none was agreed
  std::string_view server_name() const;  // the SNI that the client sent, "" where none
  std::string_view version() const;      // "TLSv1.3"

 private:
  TlsSession();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::tls
