// libssl with our AES-GCM at one end, both or neither: handshakes, data both ways and new keys, in both versions of
// TLS.
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "common/tls/provider.h"
#include "tests/unit/common/tls/test_certificates.h"

using ingress::test::Certificates;

namespace {

struct FreeSsl {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeSsl>;
using SslPtr = std::unique_ptr<SSL, FreeSsl>;

struct Suite {
  int version;
  const char* name;
};
constexpr Suite kSuites[] = {{TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
                             {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
                             {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                             {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"}};

ContextPtr context_of(const SSL_METHOD* method, bool ours, const Suite& suite) {
  ContextPtr context(SSL_CTX_new_ex(nullptr, ours ? ingress::tls::aes_gcm_properties() : "?provider=default", method));
  SSL_CTX_set_min_proto_version(context.get(), suite.version);
  SSL_CTX_set_max_proto_version(context.get(), suite.version);
  const bool tls13 = suite.version == TLS1_3_VERSION;
  REQUIRE((tls13 ? SSL_CTX_set_ciphersuites(context.get(), suite.name)
                 : SSL_CTX_set_cipher_list(context.get(), suite.name)) == 1);
  return context;
}

// Two ends joined by a pair of BIOs that hold more than a flight.
struct Joined {
  Joined(const ContextPtr& server_context, const ContextPtr& client_context)
      : server(SSL_new(server_context.get())), client(SSL_new(client_context.get())) {
    BIO* left = nullptr;
    BIO* right = nullptr;
    REQUIRE(BIO_new_bio_pair(&left, 1 << 20, &right, 1 << 20) == 1);
    SSL_set_bio(server.get(), left, left);
    SSL_set_bio(client.get(), right, right);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    for (int turn = 0; turn < 10; ++turn) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    REQUIRE(SSL_is_init_finished(client.get()) == 1);
    REQUIRE(SSL_is_init_finished(server.get()) == 1);
  }

  SslPtr server;
  SslPtr client;
};

bool crosses(const SslPtr& from, const SslPtr& to, size_t size) {
  std::string sent(size, '\0');
  for (size_t i = 0; i < size; ++i) sent[i] = static_cast<char>(i * 31 + i / 253);
  size_t written = 0;
  if (SSL_write_ex(from.get(), sent.data(), size, &written) != 1 || written != size) return false;
  std::string received(size, '\0');
  for (size_t at = 0; at < size;) {
    size_t read = 0;
    if (SSL_read_ex(to.get(), received.data() + at, size - at, &read) != 1) return false;
    at += read;
  }
  return received == sent;
}

void exchange(const Joined& joined) {
  for (const size_t size : {1, 15, 16, 100, 1000, 16383, 16384, 16385, 100'000, 7}) {
    CAPTURE(size);
    CHECK(crosses(joined.client, joined.server, size));
    CHECK(crosses(joined.server, joined.client, size));
  }
}

}  // namespace

TEST_CASE("both versions of TLS and both key sizes work with our AES-GCM at either end, both and neither") {
  if (ingress::tls::aes_gcm_properties() == nullptr) MESSAGE("no AES-GCM of our own here");
  Certificates files;
  files.issue("a", "DNS:a.example");
  for (const Suite& suite : kSuites) {
    for (const int who : {0, 1, 2, 3}) {
      CAPTURE(suite.name);
      CAPTURE(who);
      const ContextPtr server = context_of(TLS_server_method(), (who & 1) != 0, suite);
      const ContextPtr client = context_of(TLS_client_method(), (who & 2) != 0, suite);
      REQUIRE(SSL_CTX_use_certificate_file(server.get(), files.path("a.crt").c_str(), SSL_FILETYPE_PEM) == 1);
      REQUIRE(SSL_CTX_use_PrivateKey_file(server.get(), files.path("a.key").c_str(), SSL_FILETYPE_PEM) == 1);
      const Joined joined(server, client);
      CHECK(std::string(SSL_get_cipher_name(joined.client.get())) == suite.name);
      exchange(joined);
      if (suite.version == TLS1_3_VERSION) {
        CHECK(SSL_key_update(joined.client.get(), SSL_KEY_UPDATE_REQUESTED) == 1);
        exchange(joined);
      }
    }
  }
  ERR_clear_error();
}
