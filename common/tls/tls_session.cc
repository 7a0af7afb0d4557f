#include "common/tls/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cassert>
#include <utility>

#include "common/tls/memory_bio.h"
#include "common/tls/openssl.h"
#include "common/tls/tls_context.h"

namespace ingress::tls {

struct TlsSession::Impl {
  explicit Impl(ssl_ctx_st* context) : ssl(SSL_new(context)) {
    BIO* const bio = memory.new_bio();
    SSL_set_bio(ssl.get(), bio, bio);
  }

  Error failure(const char* otherwise);
  // Goes on with the handshake; waiting for the peer is no error.
  Status handshake();

  BioMemory memory;
  SslPtr ssl;         // after the memory that its BIO points at: destroyed first
  bool done = false;  // kept: OpenSSL counts a KeyUpdate as a handshake, too
  bool failed = false;
};

namespace {

// Names the output buffer for the calls of OpenSSL in one call of ours, whose errors start from an empty queue.
class OutputTo {
 public:
  OutputTo(BioMemory& memory, ByteBuffer& output) : memory_(memory) {
    memory_.set_output(&output);
    // Clearing walks the whole queue; looking first is most of it saved.
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
  OutputTo(const OutputTo&) = delete;
  OutputTo& operator=(const OutputTo&) = delete;
  ~OutputTo() { memory_.set_output(nullptr); }

 private:
  BioMemory& memory_;
};

bool is_ip(const std::string& name) {
  ASN1_OCTET_STRING* const parsed = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(parsed);
  ERR_clear_error();
  return parsed != nullptr;
}

}  // namespace

Error TlsSession::Impl::failure(const char* otherwise) {
  failed = true;
  Error error = openssl_error(ErrorCode::kTlsFailed, otherwise);
  const long verified = SSL_get_verify_result(ssl.get());
  if (verified != X509_V_OK) error.context = X509_verify_cert_error_string(verified);
  return error;
}

Status TlsSession::Impl::handshake() {
  const int result = SSL_do_handshake(ssl.get());
  const int why = SSL_get_error(ssl.get(), result);
  if (result == 1) done = true;
  if (result == 1 || why == SSL_ERROR_WANT_READ) return {};
  return tl::unexpected(failure("TLS handshake"));
}

TlsSession::TlsSession() = default;
TlsSession::~TlsSession() = default;

std::unique_ptr<TlsSession> TlsSession::accept(const ServerContext& context) {
  std::unique_ptr<TlsSession> session(new TlsSession());
  session->impl_ = std::make_unique<Impl>(context.raw());
  SSL_set_accept_state(session->impl_->ssl.get());
  return session;
}

std::unique_ptr<TlsSession> TlsSession::connect(const ClientContext& context, const std::string& server_name) {
  std::unique_ptr<TlsSession> session(new TlsSession());
  session->impl_ = std::make_unique<Impl>(context.raw());
  SSL* const ssl = session->impl_->ssl.get();
  SSL_set_connect_state(ssl);
  if (is_ip(server_name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str());
  } else {
    // An IP address is no name for SNI (RFC 6066, 3).
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, server_name.c_str());
    SSL_set_tlsext_host_name(ssl, server_name.c_str());
  }
  return session;
}

Status TlsSession::start(ByteBuffer& out) {
  const OutputTo output(impl_->memory, out);
  return impl_->handshake();
}

Status TlsSession::receive(Bytes ciphertext, ByteBuffer& out) {
  if (impl_->failed) return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS session has failed");
  impl_->memory.give(ciphertext);
  if (handshake_done()) return {};
  const OutputTo output(impl_->memory, out);
  return impl_->handshake();
}

void TlsSession::keep_unread() { impl_->memory.keep(); }

Result<size_t> TlsSession::read_plain(MutableBytes to, ByteBuffer& out) {
  if (!handshake_done() || to.empty()) return size_t{0};
  if (peer_closed()) {
    impl_->memory.drop();
    return size_t{0};
  }
  SSL* const ssl = impl_->ssl.get();
  // Asking OpenSSL would tell the same, and have it take a record buffer for nothing.
  if (!impl_->memory.unread() && SSL_pending(ssl) == 0) return size_t{0};
  const OutputTo output(impl_->memory, out);
  for (;;) {
    size_t size = 0;
    const int result = SSL_read_ex(ssl, to.data(), to.size(), &size);
    if (result == 1) return size;
    const int why = SSL_get_error(ssl, result);
    if (why == SSL_ERROR_ZERO_RETURN) impl_->memory.drop();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN) return size_t{0};
    // After our own close_notify OpenSSL stops, without an error, at each handshake message (a ticket) it skips.
    const bool skipped = ERR_peek_error() == 0 && (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) != 0;
    if (!skipped) return tl::unexpected(impl_->failure("TLS record"));
    if (!impl_->memory.unread()) return size_t{0};
  }
}

Status TlsSession::write_plain(Bytes plain, ByteBuffer& out) {
  assert(handshake_done());
  if (plain.empty()) return {};
  if (impl_->failed) return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS session has failed");
  const OutputTo output(impl_->memory, out);
  size_t size = 0;
  // The BIO takes everything, so all of it is written or the session has failed.
  if (SSL_write_ex(impl_->ssl.get(), plain.data(), plain.size(), &size) == 1) return {};
  return tl::unexpected(impl_->failure("TLS write"));
}

void TlsSession::close_notify(ByteBuffer& out) {
  if (impl_->failed || !handshake_done()) return;
  const OutputTo output(impl_->memory, out);
  SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

bool TlsSession::handshake_done() const { return impl_->done; }

bool TlsSession::peer_closed() const { return (SSL_get_shutdown(impl_->ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

std::string_view TlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &size);
  return name == nullptr ? std::string_view() : as_text({name, size});
}

std::string_view TlsSession::server_name() const {
  const char* const name = SSL_get_servername(impl_->ssl.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

std::string_view TlsSession::version() const { return SSL_get_version(impl_->ssl.get()); }

}  // namespace ingress::tls
