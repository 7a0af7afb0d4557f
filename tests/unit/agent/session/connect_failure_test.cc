#include "agent/session/connect_failure.h"

#include <doctest/doctest.h>

#include <cerrno>

using namespace ingress;
using namespace ingress::agent;

namespace {

constexpr Error kRefused{ErrorCode::kConnectFailed, Side::kTunnel, true, ECONNREFUSED, "connect"};
constexpr Error kNoName{ErrorCode::kResolveFailed, Side::kTunnel, true, 0, "unknown node or service"};

TunnelConfig direct() {
  TunnelConfig config;
  config.broker = {"broker.example", 443};
  return config;
}

TunnelConfig proxied() {
  TunnelConfig config = direct();
  config.proxy = Proxy{"2001:db8::1", 3128, "Basic c2VjcmV0Og=="};
  return config;
}

}  // namespace

TEST_CASE("a way without a proxy fails by itself, and a name that has no address is said") {
  CHECK(sentence_of({ConnectStage::kConnecting, kRefused, "192.0.2.1:443"}, direct()) ==
        "tunnel: connect_failed: connect (Connection refused)");
  CHECK(sentence_of({ConnectStage::kResolving, kNoName, ""}, direct()) ==
        "the name broker.example: tunnel: resolve_failed: unknown node or service");
}

TEST_CASE("up to its answer it is the proxy that failed, with the status that it gave") {
  CHECK(sentence_of({ConnectStage::kConnecting, kRefused, "[2001:db8::1]:3128"}, proxied()) ==
        "by the proxy [2001:db8::1]:3128: tunnel: connect_failed: connect (Connection refused)");
  CHECK(sentence_of({ConnectStage::kProxy, kRefused, "", 403}, proxied()) ==
        "by the proxy [2001:db8::1]:3128: it answered 403: tunnel: connect_failed: connect (Connection refused)");
  for (const int status : {0, -20, 200}) {
    CAPTURE(status);
    CHECK(sentence_of({ConnectStage::kProxy, kRefused, "", status}, proxied()).find("answered") == std::string::npos);
  }
}

TEST_CASE("behind the proxy's answer it is the broker, or what stands for it") {
  const Error error{ErrorCode::kTlsFailed, Side::kTunnel, false, 0, "certificate verify failed"};
  CHECK(sentence_of({ConnectStage::kHandshake, error, ""}, proxied()) ==
        "tunnel: tls_failed: certificate verify failed");
}
