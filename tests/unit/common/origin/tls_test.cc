// Targets over TLS.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "common/tls/tls_context.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "tests/unit/common/origin/fake_origin.h"
#include "tests/unit/common/tls/test_certificates.h"

using namespace ingress;
using namespace ingress::origin;
using namespace ingress::origin::test;

namespace {

// Answers every request over TLS, with a certificate for hooks.example.
struct SecureOrigin final : transport::ConnectionHandler {
  explicit SecureOrigin(uv::Loop& loop) {
    files.issue("a", "DNS:hooks.example");
    REQUIRE(server.load(files.folder(), [](const std::string&, const Error&) {}).has_value());
    client = std::move(*tls::ClientContext::create(files.ca_file(), {"http/1.1"}, tls::LeastVersion::kTls12));
    auto listening =
        uv::Listener::listen(loop, *uv::Address::parse("127.0.0.1:0"), [this, &loop](std::unique_ptr<uv::Socket> made) {
          connection = std::make_unique<transport::Connection>(loop, std::move(made), tls::TlsSession::accept(server),
                                                               Side::kClient);
          connection->set_handler(this);
          connection->start();
          ++accepted;
        });
    REQUIRE(listening.has_value());
    listener = std::move(*listening);
  }
  void on_data(MutableBytes bytes) override {
    received += as_text(bytes);
    if (received.ends_with("\r\n\r\nbody")) connection->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }
  void on_end() override {}
  void on_closed(const Error&) override {}

  Target target(const std::string& host) const {
    const uv::Address address = listener->local();
    return Target{{address}, host, address.port, "https://" + host, client.get()};
  }

  ingress::test::Certificates files;
  tls::ServerContext server{{"http/1.1"}};
  std::unique_ptr<tls::ClientContext> client;
  std::unique_ptr<uv::Listener> listener;
  std::unique_ptr<transport::Connection> connection;
  std::string received;
  int accepted = 0;
};

// Sends a body of 4 bytes and runs to the end.
void post(Bench& bench, const Target& target, Recorder& recorder) {
  const auto exchange = bench.start(target, recorder, "POST", false);
  Payload body("body");
  exchange->send_data(body.bytes(), true);
  run_until(bench.loop, [&recorder] { return recorder.over(); });
}

}  // namespace

TEST_CASE("a target over TLS is asked by its name, and the connection is kept for the next exchange") {
  Bench bench(trusting());
  bench.fields.push_back({"Content-Length", "4"});
  SecureOrigin origin(bench.loop);
  for (int i = 0; i < 2; ++i) {
    Recorder recorder;
    origin.received.clear();
    post(bench, origin.target("hooks.example"), recorder);
    CHECK(recorder.completions == 1);
    CHECK(recorder.body == "ok");
    CHECK(origin.received == "POST /x?y=1 HTTP/1.1\r\nHost: localhost:3000\r\nContent-Length: 4\r\n\r\nbody");
  }
  CHECK(origin.accepted == 1);
  CHECK(origin.connection->tls()->server_name() == "hooks.example");
}

TEST_CASE("a target whose certificate is another's is not sent anything") {
  Bench bench;
  bench.fields.push_back({"Content-Length", "4"});
  SecureOrigin origin(bench.loop);
  Recorder recorder;
  post(bench, origin.target("other.example"), recorder);
  REQUIRE(recorder.failed);
  CHECK(recorder.failure.code == ErrorCode::kTlsFailed);
  CHECK(recorder.failure.side == Side::kOrigin);
  CHECK(origin.received.empty());
}
