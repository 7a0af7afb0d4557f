#include "agent/local/client_side.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using namespace ingress::agent;

namespace {

const http::Fields kNothing;
constexpr const char* kProvider = "abc.fly.dev";
constexpr const char* kNamed = "misha.iterate.app";

// scheme://host of an answer's Locations.
std::string site(const ClientSide& side) {
  const http::Inbound inbound = side.of_answer();
  return std::string(inbound.scheme) + "://" + std::string(inbound.shown_host());
}

}  // namespace

TEST_CASE(
    "without a secret X-Forwarded-* are the connection's, whatever the fields say, and the answer is the client's") {
  ClientSide side;
  const http::Fields said = {
      {"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-Host", "evil"}, {"X-Forwarded-Proto", "ftp"}};
  side.take(said, "192.0.2.7", "abc.fly.dev:8080", kNamed, false);
  const http::Inbound inbound = side.of_request();
  CHECK(inbound.client_ip == "192.0.2.7");
  CHECK(inbound.forwarded_for.empty());
  CHECK(inbound.scheme == "http");
  CHECK(inbound.shown_host() == "abc.fly.dev:8080");
  CHECK(inbound.port == 8080);
  CHECK(site(side) == "https://misha.iterate.app");
}

TEST_CASE("a target that is no host leaves the answer at the Host") {
  ClientSide side;
  side.take(kNothing, "127.0.0.1", "localhost:8080", "", false);
  CHECK(site(side) == "http://localhost:8080");
  side.take(kNothing, "127.0.0.1", "[::1]", "", false);
  CHECK(side.of_request().port == 80);
  side.take(kNothing, "127.0.0.1", kProvider, "", true);
  CHECK(site(side) == "http://abc.fly.dev");
}

TEST_CASE("who has shown the secret is at the named host by https, where it says nothing else") {
  ClientSide side;
  side.take(kNothing, "192.0.2.7", kProvider, kNamed, true);
  const http::Inbound inbound = side.of_request();
  CHECK(inbound.scheme == "https");
  CHECK(inbound.shown_host() == kNamed);
  CHECK(inbound.host == kProvider);
  CHECK(inbound.port == 443);
  CHECK(inbound.forwarded_for.empty());
  CHECK(site(side) == "https://misha.iterate.app");
}

TEST_CASE("what it says by X-Forwarded-* is believed, the proxy's own address behind it") {
  ClientSide side;
  side.take({{"x-forwarded-for", "198.51.100.1"},
             {"X-Forwarded-For", "203.0.113.2"},
             {"X-Forwarded-Host", "evil, shop.example:8443"},
             {"X-Forwarded-Proto", "http"}},
            "192.0.2.7", kProvider, kNamed, true);
  const http::Inbound inbound = side.of_request();
  CHECK(inbound.forwarded_for == "198.51.100.1, 203.0.113.2, 192.0.2.7");
  CHECK(inbound.shown_host() == "shop.example:8443");
  CHECK(inbound.port == 8443);
  CHECK(site(side) == "http://shop.example:8443");
  side.take({{"X-Forwarded-Port", "444"}}, "192.0.2.7", kProvider, kNamed, true);
  CHECK(side.of_request().port == 444);
}

TEST_CASE("an X-Forwarded-Host that repeats the Host, or is malformed, does not hide the named one") {
  ClientSide side;
  for (const char* said : {"ABC.fly.dev", "a b", "", "x:y"}) {
    CAPTURE(said);
    side.take({{"X-Forwarded-Host", said}}, "192.0.2.7", kProvider, kNamed, true);
    CHECK(side.of_request().shown_host() == kNamed);
  }
}
