// A session of ours with libssl as its peer: tickets, new keys, closing and alerts, whoever protects the records here.
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "common/tls/openssl.h"
#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"
#include "tests/unit/common/tls/pattern.h"
#include "tests/unit/common/tls/test_certificates.h"

using namespace ingress;
using ingress::test::Certificates;
using ingress::test::pattern;
using ingress::tls::ClientContext;
using ingress::tls::ServerContext;
using ingress::tls::TlsSession;

namespace {

// libssl over memory.
struct Peer {
  explicit Peer(const SSL_METHOD* method) : context(SSL_CTX_new(method)) {}

  void start() {
    ssl.reset(SSL_new(context.get()));
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), in, out);
  }

  std::string read() {
    std::string all;
    char some[4096];
    size_t size = 0;
    while (SSL_read_ex(ssl.get(), some, sizeof some, &size) == 1) all.append(some, size);
    return all;
  }
  void write(const std::string& text) {
    size_t written = 0;
    REQUIRE(SSL_write_ex(ssl.get(), text.data(), text.size(), &written) == 1);
  }

  std::unique_ptr<SSL_CTX, tls::Free<SSL_CTX_free>> context;
  tls::SslPtr ssl;
  BIO* in = nullptr;
  BIO* out = nullptr;
};

struct Joined {
  void to_peer() {
    if (!sealed.empty()) BIO_write(peer.in, sealed.data(), static_cast<int>(sealed.size()));
    sealed.clear();
  }

  // What the peer has written, read by ours.
  std::string from_peer() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(peer.out, &data);
    std::vector<uint8_t> bytes(data, data + size);
    BIO_reset(peer.out);
    std::string all;
    if (const Status received = ours->receive(bytes, sealed); !received) return received.error().context;
    for (;;) {
      uint8_t plain[5000];
      const Result<size_t> read = ours->read_plain(plain, sealed);
      if (!read) return read.error().context;
      if (*read == 0) return all;
      all += as_text(Bytes(plain, *read));
    }
  }

  void shake_hands() {
    for (int turn = 0; turn < 4; ++turn) {
      SSL_do_handshake(peer.ssl.get());
      from_peer();
      to_peer();
    }
    REQUIRE(ours->handshake_done());
    REQUIRE(SSL_is_init_finished(peer.ssl.get()) == 1);
  }

  std::string sent(const std::string& text) {
    REQUIRE(ours->write_plain(as_bytes(text), sealed));
    to_peer();
    return peer.read();
  }
  std::string received(const std::string& text) {
    peer.write(text);
    return from_peer();
  }

  Peer peer;
  std::unique_ptr<TlsSession> ours;
  ByteBuffer sealed;
};

struct Fixture {
  Fixture() {
    files.issue("a", "DNS:broker.example");
    REQUIRE(server_context.load(files.folder(), [](const std::string&, const Error&) {}));
    client_context = std::move(*ClientContext::create(files.ca_file(), {"http/1.1"}));
  }

  std::unique_ptr<Joined> with_client(const char* suites, int version = TLS1_3_VERSION,
                                      SSL_SESSION* session = nullptr) {
    auto joined = std::make_unique<Joined>(Joined{Peer(TLS_client_method()), nullptr, {}});
    SSL_CTX_set_ciphersuites(joined->peer.context.get(), suites);
    SSL_CTX_set_max_proto_version(joined->peer.context.get(), version);
    joined->peer.start();
    if (session != nullptr) SSL_set_session(joined->peer.ssl.get(), session);
    SSL_set_tlsext_host_name(joined->peer.ssl.get(), "broker.example");
    SSL_set_connect_state(joined->peer.ssl.get());
    joined->ours = TlsSession::accept(server_context);
    joined->shake_hands();
    return joined;
  }

  std::unique_ptr<Joined> with_server(const char* suites) {
    auto joined = std::make_unique<Joined>(Joined{Peer(TLS_server_method()), nullptr, {}});
    SSL_CTX* const context = joined->peer.context.get();
    SSL_CTX_use_certificate_file(context, files.path("a.crt").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context, files.path("a.key").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_ciphersuites(context, suites);
    joined->peer.start();
    SSL_set_accept_state(joined->peer.ssl.get());
    joined->ours = TlsSession::connect(*client_context, "broker.example");
    REQUIRE(joined->ours->start(joined->sealed));
    joined->to_peer();
    joined->shake_hands();
    return joined;
  }

  Certificates files;
  ServerContext server_context{{"http/1.1"}};
  std::unique_ptr<ClientContext> client_context;
};

constexpr const char* kSuites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

void exchange(Joined& joined) {
  for (const size_t size : {1, 100, 16'384, 50'000}) {
    CAPTURE(size);
    const std::string text = pattern(size);
    CHECK(joined.sent(text) == text);
    CHECK(joined.received(text) == text);
  }
}

}  // namespace

TEST_CASE("data goes to and fro with libssl's client and with its server, by every suite") {
  Fixture fixture;
  for (const char* const suite : kSuites) {
    CAPTURE(suite);
    exchange(*fixture.with_client(suite));
    exchange(*fixture.with_server(suite));
  }
  const auto joined = fixture.with_client(kSuites[0], TLS1_2_VERSION);
  CHECK(joined->ours->version() == "TLSv1.2");
  exchange(*joined);
}

TEST_CASE("a server of ours goes on after its tickets, however many, and after a resumption") {
  Fixture fixture;
  for (const char* const suite : kSuites) {
    CAPTURE(suite);
    const auto first = fixture.with_client(suite);
    exchange(*first);
    SSL_SESSION* const session = SSL_get1_session(first->peer.ssl.get());
    REQUIRE(SSL_SESSION_is_resumable(session) == 1);
    const auto second = fixture.with_client(suite, TLS1_3_VERSION, session);
    CHECK(SSL_session_reused(second->peer.ssl.get()) == 1);
    exchange(*second);
    SSL_SESSION_free(session);
  }
}

TEST_CASE("libssl changes its keys, and asks for ours, between data") {
  Fixture fixture;
  for (const char* const suite : kSuites) {
    CAPTURE(suite);
    for (const bool to_client : {true, false}) {
      const auto joined = to_client ? fixture.with_client(suite) : fixture.with_server(suite);
      for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
        REQUIRE(SSL_key_update(joined->peer.ssl.get(), kind) == 1);
        REQUIRE(SSL_do_handshake(joined->peer.ssl.get()) == 1);
        CHECK(joined->from_peer().empty());
        exchange(*joined);
      }
    }
  }
}

TEST_CASE("each side's close_notify is seen by the other, which may still send") {
  Fixture fixture;
  for (const char* const suite : kSuites) {
    CAPTURE(suite);
    const auto joined = fixture.with_server(suite);
    joined->ours->close_notify(joined->sealed);
    joined->to_peer();
    CHECK(joined->peer.read().empty());
    CHECK((SSL_get_shutdown(joined->peer.ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0);
    CHECK(joined->received("still") == "still");
    CHECK_FALSE(joined->ours->peer_closed());
    SSL_shutdown(joined->peer.ssl.get());
    CHECK(joined->from_peer().empty());
    CHECK(joined->ours->peer_closed());
  }
}

TEST_CASE("libssl is told by an alert what was wrong with its record") {
  Fixture fixture;
  for (const char* const suite : kSuites) {
    CAPTURE(suite);
    const auto joined = fixture.with_client(suite);
    joined->peer.write("hello");
    char* data = nullptr;
    const long size = BIO_get_mem_data(joined->peer.out, &data);
    data[size - 1] ^= 1;
    CHECK(joined->from_peer() != "hello");
    joined->to_peer();
    ERR_clear_error();
    CHECK(joined->peer.read().empty());
    CHECK(ERR_GET_REASON(ERR_peek_error()) == SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
    ERR_clear_error();
    CHECK_FALSE(joined->ours->write_plain(as_bytes("more"), joined->sealed));
  }
}
