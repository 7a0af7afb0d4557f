#include "common/tls/tls_session.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/tls/tls_context.h"
#include "tests/unit/common/tls/pattern.h"
#include "tests/unit/common/tls/test_certificates.h"

using namespace ingress;
using ingress::test::Certificates;
using ingress::test::pattern;
using ingress::tls::ClientContext;
using ingress::tls::ServerContext;
using ingress::tls::TlsSession;

namespace {

// One end: what it sends lies in `out`, what it read in `received`.
struct End {
  explicit End(std::unique_ptr<TlsSession> with) : session(std::move(with)) {}

  // Takes ciphertext in pieces of `step` bytes.
  void take(ByteBuffer& from, size_t step) {
    while (!from.empty() && !failed) {
      // A copy that dies at once: what the session needs longer, it must keep.
      const std::vector<uint8_t> piece(from.data(), from.data() + std::min(step, from.size()));
      from.consume(piece.size());
      if (const Status status = session->receive(piece, out); !status) {
        failed = status.error();
      } else {
        read();
      }
    }
  }

  void read() {
    for (;;) {
      uint8_t plain[1000];
      const Result<size_t> size = session->read_plain(plain, out);
      if (!size) {
        failed = size.error();
        return;
      }
      if (*size == 0) return;
      received += as_text(Bytes(plain, *size));
    }
  }

  std::unique_ptr<TlsSession> session;
  ByteBuffer out;
  std::string received;
  std::optional<Error> failed;
};

struct Pair {
  Pair(const ServerContext& server_context, const ClientContext& client_context, const std::string& name)
      : server(TlsSession::accept(server_context)), client(TlsSession::connect(client_context, name)) {}

  void run(size_t step = 100'000) {
    if (!client.session->handshake_done() && client.out.empty()) {
      if (const Status status = client.session->start(client.out); !status) client.failed = status.error();
    }
    while (!client.out.empty() || !server.out.empty()) {
      ByteBuffer to_server = std::move(client.out);
      ByteBuffer to_client = std::move(server.out);
      server.take(to_server, step);
      client.take(to_client, step);
      if (server.failed && client.failed) return;
      if ((server.failed || client.failed) && client.out.empty() && server.out.empty()) return;
    }
  }

  End server;
  End client;
};

struct Fixture {
  Fixture() {
    files.issue("a", "DNS:broker.example,DNS:4096__mach_1.example,IP:127.0.0.1,IP:::1");
    files.issue("b", "DNS:*.b.example");
    reload();
    client = std::move(*ClientContext::create(files.ca_file(), {"iterate-tunnel/1", "http/1.1"}));
  }
  void reload() {
    REQUIRE(server.load(files.folder(), [](const std::string&, const Error&) {}).has_value());
  }

  Certificates files;
  ServerContext server{{"iterate-tunnel/1", "http/1.1"}};
  std::unique_ptr<ClientContext> client;
};

}  // namespace

TEST_CASE("a handshake and data go through one byte at a time, or all at once") {
  Fixture fixture;
  for (const size_t step : {size_t{1}, size_t{7}, size_t{1'000'000}}) {
    CAPTURE(step);
    Pair pair(fixture.server, *fixture.client, "broker.example");
    CHECK_FALSE(pair.client.session->handshake_done());
    pair.run(step);
    REQUIRE(pair.client.session->handshake_done());
    REQUIRE(pair.server.session->handshake_done());
    CHECK(pair.server.session->alpn() == "iterate-tunnel/1");
    CHECK(pair.client.session->alpn() == "iterate-tunnel/1");
    CHECK(pair.server.session->server_name() == "broker.example");
    CHECK(pair.client.session->version() == "TLSv1.3");
    const std::string up = pattern(50'000);
    const std::string down = pattern(40'001);
    CHECK(pair.client.session->write_plain(as_bytes(up), pair.client.out).has_value());
    CHECK(pair.server.session->write_plain(as_bytes(down), pair.server.out).has_value());
    pair.run(step);
    CHECK((pair.server.received == up));
    CHECK((pair.client.received == down));
    pair.client.session->close_notify(pair.client.out);
    pair.run(step);
    CHECK(pair.server.session->peer_closed());
    // The other direction lives on.
    CHECK(pair.server.session->write_plain(as_bytes("last words"), pair.server.out).has_value());
    pair.run(step);
    CHECK((pair.client.received == down + "last words"));
    CHECK_FALSE(pair.client.session->peer_closed());
    // What comes after a close_notify is dropped.
    ByteBuffer late;
    late.append(std::string(100, 'x'));
    pair.server.take(late, step);
    CHECK_FALSE(pair.client.failed);
    CHECK_FALSE(pair.server.failed);
  }
}

TEST_CASE("a reader that stops early finds the rest later, though the memory it gave is gone") {
  Fixture fixture;
  Pair pair(fixture.server, *fixture.client, "broker.example");
  pair.run();
  const std::string text = pattern(100'000);
  REQUIRE(pair.client.session->write_plain(as_bytes(text), pair.client.out).has_value());
  std::string read;
  uint8_t plain[1000];
  while (!pair.client.out.empty()) {
    std::vector<uint8_t> piece(pair.client.out.data(),
                               pair.client.out.data() + std::min<size_t>(pair.client.out.size(), 30'000));
    pair.client.out.consume(piece.size());
    REQUIRE(pair.server.session->receive(piece, pair.server.out).has_value());
    const auto size = pair.server.session->read_plain(plain, pair.server.out);
    REQUIRE(size.has_value());
    read += as_text(Bytes(plain, *size));
    pair.server.session->keep_unread();
    std::fill(piece.begin(), piece.end(), 0);
  }
  pair.server.read();
  CHECK((read + pair.server.received == text));
}

TEST_CASE("the certificate is chosen by SNI, and a reload serves new handshakes at once") {
  Fixture fixture;
  const auto works = [&fixture](const std::string& name) {
    Pair pair(fixture.server, *fixture.client, name);
    pair.run();
    return pair.client.session->handshake_done() && pair.server.session->handshake_done();
  };
  CHECK(works("broker.example"));
  CHECK(works("x.b.example"));
  CHECK(works("4096__mach_1.example"));
  CHECK(works("127.0.0.1"));
  CHECK(works("::1"));
  CHECK_FALSE(works("x.y.b.example"));
  CHECK_FALSE(works("new.example"));
  CHECK_FALSE(works("127.0.0.2"));
  Pair running(fixture.server, *fixture.client, "x.b.example");
  running.run();
  fixture.files.issue("b", "DNS:new.example");
  fixture.reload();
  CHECK(works("new.example"));
  CHECK_FALSE(works("x.b.example"));
  CHECK(running.client.session->write_plain(as_bytes("still here"), running.client.out).has_value());
  running.run();
  CHECK(running.server.received == "still here");
}

TEST_CASE("a client refuses a wrong name and an unknown CA, says why, and sends an alert") {
  Fixture fixture;
  Pair wrong_name(fixture.server, *fixture.client, "evil.example");
  wrong_name.run();
  REQUIRE(wrong_name.client.failed);
  CHECK(wrong_name.client.failed->code == ErrorCode::kTlsFailed);
  CHECK(std::string(wrong_name.client.failed->context) == "hostname mismatch");
  REQUIRE(wrong_name.server.failed);
  CHECK(std::string(wrong_name.server.failed->context).find("bad certificate") != std::string::npos);

  const auto stranger = ClientContext::create("", {});
  Pair unknown(fixture.server, **stranger, "broker.example");
  unknown.run();
  REQUIRE(unknown.client.failed);
  CHECK(std::string(unknown.client.failed->context).find("unable to get local issuer") != std::string::npos);
  REQUIRE(unknown.server.failed);
  CHECK_FALSE(unknown.client.session->handshake_done());
}

TEST_CASE("ALPN follows the server's preference, and a client that offers nothing known goes on without") {
  Fixture fixture;
  const auto chosen = [&fixture](const std::vector<std::string>& offered) {
    const auto client = ClientContext::create(fixture.files.ca_file(), offered);
    Pair pair(fixture.server, **client, "broker.example");
    pair.run();
    CHECK(pair.client.session->handshake_done());
    CHECK(pair.server.session->alpn() == pair.client.session->alpn());
    return std::string(pair.client.session->alpn());
  };
  CHECK(chosen({"http/1.1", "iterate-tunnel/1"}) == "iterate-tunnel/1");
  CHECK(chosen({"h2", "http/1.1"}) == "http/1.1");
  CHECK(chosen({"h2"}).empty());
  CHECK(chosen({}).empty());
}

TEST_CASE("a tunnel gets no session tickets, other clients do") {
  Fixture fixture;
  const auto bytes_after_handshake = [&fixture](const std::string& alpn) {
    const auto client = ClientContext::create(fixture.files.ca_file(), {alpn});
    End server(TlsSession::accept(fixture.server));
    End end(TlsSession::connect(**client, "broker.example"));
    REQUIRE(end.session->start(end.out).has_value());
    server.take(end.out, 100'000);
    end.take(server.out, 100'000);
    server.take(end.out, 100'000);
    REQUIRE(server.session->handshake_done());
    return server.out.size();
  };
  CHECK(bytes_after_handshake("iterate-tunnel/1") == 0);
  CHECK(bytes_after_handshake("http/1.1") > 0);
}

TEST_CASE("garbage and an old version end the session with an alert") {
  Fixture fixture;
  End server(TlsSession::accept(fixture.server));
  ByteBuffer garbage;
  garbage.append("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.take(garbage, 1);
  REQUIRE(server.failed);
  CHECK(server.failed->code == ErrorCode::kTlsFailed);
  CHECK_FALSE(server.session->receive(as_bytes("more"), server.out).has_value());

  End old(TlsSession::accept(fixture.server));
  ByteBuffer hello;
  // A ClientHello that offers TLS 1.0 at most.
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  SSL* const ssl = SSL_new(context);
  BIO* const wire = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), wire);
  SSL_connect(ssl);
  char* data = nullptr;
  const long size = BIO_get_mem_data(wire, &data);
  REQUIRE(size > 0);
  hello.append(std::string_view(data, static_cast<size_t>(size)));
  SSL_free(ssl);
  SSL_CTX_free(context);
  old.take(hello, 1);
  REQUIRE(old.failed);
  CHECK_FALSE(old.out.empty());
}

TEST_CASE("a flipped bit in a record ends the session") {
  Fixture fixture;
  Pair pair(fixture.server, *fixture.client, "broker.example");
  pair.run();
  REQUIRE(pair.client.session->write_plain(as_bytes("transfer 100"), pair.client.out).has_value());
  pair.client.out.data()[10] ^= 1;
  pair.run();
  REQUIRE(pair.server.failed);
  CHECK(pair.server.received.empty());
  CHECK_FALSE(pair.server.session->write_plain(as_bytes("x"), pair.server.out).has_value());
}

TEST_CASE("TLS 1.2 serves clients, but no tunnel") {
  Fixture fixture;
  for (const bool tunnel : {false, true}) {
    CAPTURE(tunnel);
    const auto client = ClientContext::create(fixture.files.ca_file(), {tunnel ? "iterate-tunnel/1" : "http/1.1"});
    SSL_CTX_set_min_proto_version((*client)->raw(), TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version((*client)->raw(), TLS1_2_VERSION);
    Pair pair(fixture.server, **client, "broker.example");
    pair.run(1);
    CHECK(pair.server.session->handshake_done() == !tunnel);
    CHECK(pair.server.failed.has_value() == tunnel);
    if (tunnel) continue;
    CHECK(pair.server.session->version() == "TLSv1.2");
    REQUIRE(pair.client.session->write_plain(as_bytes(pattern(40'000)), pair.client.out).has_value());
    pair.run(1);
    CHECK((pair.server.received == pattern(40'000)));
  }
}
