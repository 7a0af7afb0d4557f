// Sessions of OpenSSL's own client that resume by the tickets of our contexts.
#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "common/tls/ticket_keys.h"
#include "common/tls/tls_context.h"
#include "tests/unit/common/tls/test_certificates.h"

using namespace ingress;
using ingress::test::Certificates;
using tls::ServerContext;
using tls::TicketKeyMaker;
using tls::TicketKeyMemory;

namespace {

template <auto kFree>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>>;
using SslPtr = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;

constexpr Time kStart{std::chrono::hours{1000}};

struct Visit {
  bool resumed = false;
  SessionPtr session;
};

void run(SSL* client, SSL* server) {
  for (int turn = 0; turn < 10; ++turn) {
    char byte = 0;
    SSL_do_handshake(client);
    SSL_do_handshake(server);
    SSL_read(client, &byte, 1);  // tickets of TLS 1.3 come behind the handshake
  }
}

Visit visit(const ServerContext& context, int version, SSL_SESSION* session = nullptr) {
  const ContextPtr client_context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(client_context.get(), version);
  SSL_CTX_set_max_proto_version(client_context.get(), version);
  const SslPtr client(SSL_new(client_context.get()));
  const SslPtr server(SSL_new(context.raw()));
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  BIO_new_bio_pair(&client_end, 65536, &server_end, 65536);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  SSL_set_tlsext_host_name(client.get(), "a.example");
  if (session != nullptr) SSL_set_session(client.get(), session);
  run(client.get(), server.get());
  REQUIRE(SSL_is_init_finished(client.get()));
  SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else the session counts as broken
  return {SSL_session_reused(client.get()) == 1, SessionPtr(SSL_get1_session(client.get()))};
}

// The name of the key that the session's ticket is sealed with.
bool sealed_by(const SSL_SESSION* session, const tls::TicketKey& key) {
  const unsigned char* ticket = nullptr;
  size_t size = 0;
  SSL_SESSION_get0_ticket(session, &ticket, &size);
  return size > key.name.size() && std::equal(key.name.begin(), key.name.end(), ticket);
}

struct Fixture {
  Fixture() {
    files.issue("a", "DNS:a.example");
    for (ServerContext* context : {&one, &other, &stranger}) {
      REQUIRE(context->load(files.folder(), [](const std::string&, const Error&) {}).has_value());
    }
    one.use_ticket_keys(keys);
    other.use_ticket_keys(keys);
    stranger.use_ticket_keys(strange_keys);
  }

  Certificates files;
  TicketKeyMemory keys;
  TicketKeyMemory strange_keys;
  TicketKeyMaker maker{keys, kStart};
  TicketKeyMaker strange_maker{strange_keys, kStart};
  ServerContext one{{"http/1.1"}};
  ServerContext other{{"http/1.1"}};
  ServerContext stranger{{"http/1.1"}};
};

}  // namespace

TEST_CASE("a session resumes in every context that has the keys, and in no other") {
  Fixture fixture;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const Visit first = visit(fixture.one, version);
    CHECK_FALSE(first.resumed);
    CHECK(sealed_by(first.session.get(), *fixture.keys.newest()));
    CHECK(visit(fixture.one, version, first.session.get()).resumed);
    CHECK(visit(fixture.other, version, first.session.get()).resumed);
    CHECK_FALSE(visit(fixture.stranger, version, first.session.get()).resumed);
  }
}

TEST_CASE("a ticket of the key before resumes and is renewed; one that is older does not") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    Fixture fixture;
    const Visit first = visit(fixture.one, version);
    fixture.maker.tick(kStart + TicketKeyMaker::kRotation);
    const Visit second = visit(fixture.one, version, first.session.get());
    CHECK(second.resumed);
    CHECK(sealed_by(second.session.get(), *fixture.keys.newest()));
    fixture.maker.tick(kStart + 2 * TicketKeyMaker::kRotation);
    CHECK(visit(fixture.one, version, second.session.get()).resumed);
    CHECK_FALSE(visit(fixture.one, version, first.session.get()).resumed);
  }
}

TEST_CASE("without a key the handshake is a full one and brings no ticket") {
  Fixture fixture;
  const TicketKeyMemory none;
  fixture.stranger.use_ticket_keys(none);
  const Visit first = visit(fixture.stranger, TLS1_2_VERSION);
  CHECK_FALSE(first.resumed);
  CHECK_FALSE(SSL_SESSION_has_ticket(first.session.get()));
}
