#include "common/tls/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cassert>
#include <utility>

#include "common/tls/handshake_secrets.h"
#include "common/tls/memory_bio.h"
#include "common/tls/openssl.h"
#include "common/tls/record_layer.h"
#include "common/tls/tls_context.h"

namespace ingress::tls {

struct TlsSession::Impl {
  Impl(ssl_ctx_st* context, bool client) : ssl(SSL_new(context)), is_client(client) {
    BIO* const bio = memory.new_bio();
    SSL_set_bio(ssl.get(), bio, bio);
  }

  Error failure(const char* otherwise);
  // Goes on with the handshake; waiting for the peer is no error.
  Status handshake(ByteBuffer& out);
  // What the handshake agreed on, and its records where they are ours; `last_flight` is the last that OpenSSL wrote.
  void end_of_handshake(Bytes last_flight);
  bool take_records(Bytes last_flight);
  Result<size_t> read_by_openssl(MutableBytes to, ByteBuffer& out);

  BioMemory memory;
  HandshakeSecrets secrets;
  SslPtr ssl;                            // after the memory that its BIO points at; null once `records` is there
  std::unique_ptr<RecordLayer> records;  // the same
  std::string alpn;
  std::string server_name;
  const char* version = "";
  const bool is_client;
  bool done = false;
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

Status TlsSession::Impl::handshake(ByteBuffer& out) {
  const OutputTo output(memory, out);
  const ToldSecrets told(secrets);
  const size_t before = out.size();
  const int result = SSL_do_handshake(ssl.get());
  if (result == 1) {
    end_of_handshake(out.view().subspan(before));
    return {};
  }
  if (SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_READ) return {};
  return tl::unexpected(failure("TLS handshake"));
}

void TlsSession::Impl::end_of_handshake(Bytes last_flight) {
  done = true;
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl.get(), &name, &size);
  if (name != nullptr) alpn = as_text({name, size});
  version = SSL_get_version(ssl.get());
  if (const char* const sni = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name)) server_name = sni;
  if (take_records(last_flight)) ssl.reset();
  secrets.wipe();
}

// False where they stay with OpenSSL.
bool TlsSession::Impl::take_records(Bytes last_flight) {
  if (SSL_version(ssl.get()) != TLS1_3_VERSION || SSL_has_pending(ssl.get()) != 0) return false;
  const RecordSuite* const suite = record_suite(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl.get())));
  if (suite == nullptr || !secrets.complete(suite->secret_size)) return false;
  RecordLayer::Start start;
  start.is_client = is_client;
  // A server ends with its tickets, under these secrets; a client with its Finished, which is under others.
  if (!is_client) start.records_written = count_sealed_records(last_flight);
  const Bytes of_client = secrets.of_client();
  const Bytes of_server = secrets.of_server();
  records =
      RecordLayer::create(*suite, is_client ? of_server : of_client, is_client ? of_client : of_server, start, memory);
  return records != nullptr;
}

TlsSession::TlsSession() = default;
TlsSession::~TlsSession() = default;

std::unique_ptr<TlsSession> TlsSession::accept(const ServerContext& context) {
  std::unique_ptr<TlsSession> session(new TlsSession());
  session->impl_ = std::make_unique<Impl>(context.raw(), false);
  SSL_set_accept_state(session->impl_->ssl.get());
  return session;
}

std::unique_ptr<TlsSession> TlsSession::connect(const ClientContext& context, const std::string& server_name) {
  std::unique_ptr<TlsSession> session(new TlsSession());
  session->impl_ = std::make_unique<Impl>(context.raw(), true);
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

void TlsSession::offer(const std::string& alpn, LeastVersion least) {
  SSL* const ssl = impl_->ssl.get();
  const std::string wire = alpn_wire({alpn});
  SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
  SSL_set_min_proto_version(ssl, least == LeastVersion::kTls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
}

Status TlsSession::start(ByteBuffer& out) { return impl_->handshake(out); }

Status TlsSession::receive(Bytes ciphertext, ByteBuffer& out) {
  if (impl_->failed) return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS session has failed");
  impl_->memory.give(ciphertext);
  return handshake_done() ? Status() : impl_->handshake(out);
}

void TlsSession::keep_unread() { impl_->memory.keep(); }

Result<size_t> TlsSession::read_plain(MutableBytes to, ByteBuffer& out) {
  if (!handshake_done() || to.empty()) return size_t{0};
  if (impl_->records == nullptr) return impl_->read_by_openssl(to, out);
  if (impl_->failed) return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS session has failed");
  Result<size_t> read = impl_->records->read(to, out);
  impl_->failed = !read;
  return read;
}

Result<size_t> TlsSession::Impl::read_by_openssl(MutableBytes to, ByteBuffer& out) {
  if ((SSL_get_shutdown(ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0) {
    memory.drop();
    return size_t{0};
  }
  // Asking OpenSSL would tell the same, and have it take a record buffer for nothing.
  if (!memory.unread() && SSL_pending(ssl.get()) == 0) return size_t{0};
  const OutputTo output(memory, out);
  for (;;) {
    size_t size = 0;
    const int result = SSL_read_ex(ssl.get(), to.data(), to.size(), &size);
    if (result == 1) return size;
    const int why = SSL_get_error(ssl.get(), result);
    if (why == SSL_ERROR_ZERO_RETURN) memory.drop();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN) return size_t{0};
    // After our own close_notify OpenSSL stops, without an error, at each handshake message (a ticket) it skips.
    const bool skipped = ERR_peek_error() == 0 && (SSL_get_shutdown(ssl.get()) & SSL_SENT_SHUTDOWN) != 0;
    if (!skipped) return tl::unexpected(failure("TLS record"));
    if (!memory.unread()) return size_t{0};
  }
}

Status TlsSession::write_plain(Bytes plain, ByteBuffer& out) {
  assert(handshake_done());
  if (plain.empty()) return {};
  if (impl_->failed) return fail(ErrorCode::kTlsFailed, Side::kInternal, "TLS session has failed");
  if (impl_->records != nullptr) {
    Status written = impl_->records->write(plain, out);
    impl_->failed = !written;
    return written;
  }
  const OutputTo output(impl_->memory, out);
  size_t size = 0;
  // The BIO takes everything, so all of it is written or the session has failed.
  if (SSL_write_ex(impl_->ssl.get(), plain.data(), plain.size(), &size) == 1) return {};
  return tl::unexpected(impl_->failure("TLS write"));
}

void TlsSession::close_notify(ByteBuffer& out) {
  if (impl_->failed || !handshake_done()) return;
  if (impl_->records != nullptr) return impl_->records->close_notify(out);
  const OutputTo output(impl_->memory, out);
  SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

bool TlsSession::handshake_done() const { return impl_->done; }

bool TlsSession::peer_closed() const {
  if (impl_->records != nullptr) return impl_->records->peer_closed();
  return (SSL_get_shutdown(impl_->ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string_view TlsSession::alpn() const { return impl_->alpn; }
std::string_view TlsSession::server_name() const { return impl_->server_name; }
std::string_view TlsSession::version() const { return impl_->version; }

}  // namespace ingress::tls
