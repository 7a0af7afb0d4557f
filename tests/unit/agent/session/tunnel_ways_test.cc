#include "agent/session/tunnel_ways.h"

#include <doctest/doctest.h>

#include "agent/session/upgrade.h"

using namespace ingress;
using namespace ingress::agent;

TEST_CASE("an address that took an Upgrade is asked for one first, for an hour") {
  TunnelWays ways;
  const Time start{Duration{1000}};
  CHECK(ways.first("a", start) == TunnelWay::kAlpn);
  ways.worked("a", TunnelWay::kUpgrade, start);
  CHECK(ways.first("a", start) == TunnelWay::kUpgrade);
  CHECK(ways.first("b", start) == TunnelWay::kAlpn);
  ways.worked("a", TunnelWay::kUpgrade, start + Duration{1800000});
  CHECK(ways.first("a", start + Duration{3599999}) == TunnelWay::kUpgrade);
  CHECK(ways.first("a", start + TunnelWays::kRemembered) == TunnelWay::kAlpn);
  ways.worked("a", TunnelWay::kUpgrade, start + TunnelWays::kRemembered);
  CHECK(ways.first("a", start + TunnelWays::kRemembered) == TunnelWay::kUpgrade);
}

TEST_CASE("an Upgrade that failed, or the first way that worked, forgets it") {
  TunnelWays ways;
  ways.worked("a", TunnelWay::kUpgrade, Time{});
  ways.failed("a");
  CHECK(ways.first("a", Time{}) == TunnelWay::kAlpn);
  ways.worked("a", TunnelWay::kUpgrade, Time{});
  ways.worked("a", TunnelWay::kAlpn, Time{});
  CHECK(ways.first("a", Time{}) == TunnelWay::kAlpn);
}

TEST_CASE("the Upgrade is asked for as a browser would") {
  CHECK(upgrade_request({"broker.example.com", 443}) ==
        "GET /.well-known/iterate-tunnel HTTP/1.1\r\nHost: broker.example.com\r\n"
        "Connection: Upgrade\r\nUpgrade: iterate-tunnel\r\n\r\n");
  CHECK(upgrade_request({"::1", 8443}).find("\r\nHost: [::1]:8443\r\n") != std::string::npos);
}

TEST_CASE("the answer to an Upgrade is 101, in any split") {
  const auto read = [](std::string_view text, size_t step) {
    UpgradeReply reply;
    Result<bool> result = false;
    for (size_t at = 0; at < text.size() && result && !*result; at += step) {
      result = reply.receive(as_bytes(text.substr(at, step)));
    }
    return result;
  };
  for (const size_t step : {size_t{1}, size_t{7}, size_t{1000}}) {
    CHECK(read("HTTP/1.1 101 Switching Protocols\r\nServer: x\r\nupgrade:  Iterate-Tunnel \r\n\r\n", step) == true);
    CHECK_FALSE(read("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", step));
    CHECK(read("HTTP/1.1 403 Forbidden\r\n\r\n", step).error().code == ErrorCode::kForbidden);
    CHECK_FALSE(read("HTTP/1.1 200 OK\r\nUpgrade: iterate-tunnel\r\n\r\n", step));
  }
  CHECK_FALSE(read("HTTP/1.1 101 Switching Protocols\r\nUpgrade: iterate-tunnel\r\n\r\nx", 1000));
}
