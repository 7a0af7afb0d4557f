// A name with an ECDSA and an RSA certificate.
#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"
#include "tests/unit/common/tls/test_certificates.h"

using namespace ingress;
using ingress::test::Certificates;
using ingress::tls::ClientContext;
using ingress::tls::ServerContext;
using ingress::tls::TlsSession;

namespace {

// The client's verify callback has no argument of its own.
int shown_key = EVP_PKEY_NONE;

int note_leaf(int good, X509_STORE_CTX* store) {
  if (X509_STORE_CTX_get_error_depth(store) == 0) {
    shown_key = EVP_PKEY_get_base_id(X509_get0_pubkey(X509_STORE_CTX_get_current_cert(store)));
  }
  return good;
}

void pass_on(ByteBuffer& from, TlsSession& to, ByteBuffer& answer) {
  const ByteBuffer bytes = std::move(from);
  from = ByteBuffer();
  if (!to.receive({bytes.data(), bytes.size()}, answer)) return;
  uint8_t plain[100];
  while (to.read_plain(plain, answer).value_or(0) > 0) {
  }
}

struct Fixture {
  Fixture() { client = std::move(*ClientContext::create(files.ca_file(), {"http/1.1"})); }

  void serve() {
    REQUIRE(server.load(files.folder(), [](const std::string&, const Error&) {}).has_value());
  }

  // The kind of key that a client was shown which takes these signatures; EVP_PKEY_NONE where the handshake failed.
  int shown_to(const char* signatures, const std::string& name) {
    SSL_CTX_set_verify(client->raw(), SSL_VERIFY_PEER, note_leaf);
    SSL_CTX_set1_sigalgs_list(client->raw(), signatures);
    shown_key = EVP_PKEY_NONE;
    const auto connecting = TlsSession::connect(*client, name);
    const auto accepting = TlsSession::accept(server);
    ByteBuffer up;
    ByteBuffer down;
    REQUIRE(connecting->start(up).has_value());
    while (!up.empty() || !down.empty()) {
      pass_on(up, *accepting, down);
      pass_on(down, *connecting, up);
    }
    return connecting->handshake_done() && accepting->handshake_done() ? shown_key : EVP_PKEY_NONE;
  }

  Certificates files;
  ServerContext server{{"http/1.1"}};
  std::unique_ptr<ClientContext> client;
};

constexpr const char* kAny = "RSA-PSS+SHA256:ECDSA+SHA256";  // the client would rather have RSA
constexpr const char* kRsa = "RSA-PSS+SHA256";
constexpr const char* kEcdsa = "ECDSA+SHA256";

}  // namespace

TEST_CASE("where a name has certificates of both kinds, ECDSA is shown, and RSA to a client that knows no other") {
  for (const bool rsa_first : {false, true}) {
    CAPTURE(rsa_first);
    Fixture fixture;
    fixture.files.issue_rsa(rsa_first ? "a" : "b", "DNS:both.example,DNS:rsa.example");
    fixture.files.issue(rsa_first ? "b" : "a", "DNS:both.example,DNS:ecdsa.example");
    fixture.serve();
    CHECK(fixture.shown_to(kAny, "both.example") == EVP_PKEY_EC);
    CHECK(fixture.shown_to(kEcdsa, "both.example") == EVP_PKEY_EC);
    CHECK(fixture.shown_to(kRsa, "both.example") == EVP_PKEY_RSA);
    CHECK(fixture.shown_to(kAny, "rsa.example") == EVP_PKEY_RSA);
    CHECK(fixture.shown_to(kAny, "ecdsa.example") == EVP_PKEY_EC);
    CHECK(fixture.shown_to(kRsa, "ecdsa.example") == EVP_PKEY_NONE);
  }
}

TEST_CASE("both kinds are shown for a wildcard's names, and of one kind the certificate that ends last") {
  Fixture fixture;
  fixture.files.issue_between("a", "DNS:*.b.example", {-1, 60});
  fixture.files.issue_rsa("b", "DNS:*.b.example");
  fixture.files.issue_between("c", "DNS:*.b.example", {-1, 40});
  fixture.serve();
  CHECK(fixture.shown_to(kAny, "x.b.example") == EVP_PKEY_EC);
  CHECK(fixture.shown_to(kRsa, "x.b.example") == EVP_PKEY_RSA);
  CHECK(fixture.server.find("x.b.example")->path == fixture.files.path("a.crt"));
}

TEST_CASE("a certificate of another kind that has ended is shown to nobody") {
  Fixture fixture;
  fixture.files.issue_between("a", "DNS:both.example", {-30, -1});
  fixture.files.issue_rsa("b", "DNS:both.example");
  fixture.serve();
  CHECK(fixture.shown_to(kAny, "both.example") == EVP_PKEY_RSA);
  CHECK(fixture.shown_to(kEcdsa, "both.example") == EVP_PKEY_NONE);
}
