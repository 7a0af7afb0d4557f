#include "agent/target/target_policy.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using namespace ingress::agent;

namespace {

TargetPolicy policy(const char* allow, const char* deny = nullptr) {
  TargetOptions options;
  if (allow != nullptr) options.allow_ports = *parse_port_ranges(allow);
  if (deny != nullptr) options.deny_ports = *parse_port_ranges(deny);
  options.allow_targets = {*NamedTarget::parse("Sidecar:9000"), *NamedTarget::parse("[fd00::1]:80")};
  return TargetPolicy(options);
}

ErrorCode refusal(const Result<origin::Target>& target) {
  REQUIRE_FALSE(target.has_value());
  CHECK(target.error().side == Side::kClient);
  return target.error().code;
}

}  // namespace

TEST_CASE("ports are decimal, from 1 to 65535, without sign or leading zero") {
  CHECK(*parse_port("1") == 1);
  CHECK(*parse_port("65535") == 65535);
  for (const char* bad :
       {"", "0", "00", "01", "+1", "-1", "65536", "99999", "100000", "4294967297", "1 ", " 1", "1a", "0x1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_port(bad).has_value());
  }
}

TEST_CASE("ranges of ports are read, and nonsense is refused") {
  CHECK(parse_port_ranges(" 80 ,\t90 ")->size() == 2);
  const auto ranges = *parse_port_ranges("80, 3000-3999");
  REQUIRE(ranges.size() == 2);
  CHECK(any_contains(ranges, 80));
  CHECK(any_contains(ranges, 3000));
  CHECK(any_contains(ranges, 3999));
  CHECK_FALSE(any_contains(ranges, 4000));
  CHECK_FALSE(any_contains(ranges, 79));
  for (const char* bad : {"", ",", "80,", "5-3", "1-2-3", "-5", "5-", "a", "80 - 90", "0-5", "1-65536"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_port_ranges(bad).has_value());
  }
}

TEST_CASE("a target by name is a host and a port, and this machine is known by its names") {
  for (const char* good : {"sidecar:9000", "a.b.c.:80", "10.0.0.7:80", "[fd00::1]:80", "my_db:5432"}) {
    CAPTURE(good);
    REQUIRE(NamedTarget::parse(good).has_value());
    CHECK_FALSE(NamedTarget::parse(good)->is_local());
  }
  for (const char* bad :
       {"[:::::]:80", "[1.2.3.4]:80", "[]:80", "b..c:80", ".b:80", "b:", "b", ":80", "a b:80", "b:080"}) {
    CAPTURE(bad);
    CHECK_FALSE(NamedTarget::parse(bad).has_value());
  }
  for (const char* local : {"localhost:80", "LOCALHOST:80", "127.0.0.1:80", "[::1]:80"}) {
    CAPTURE(local);
    CHECK(NamedTarget::parse(local)->is_local());
  }
}

TEST_CASE("a local port is 127.0.0.1 and [::1]") {
  const auto target = policy(nullptr).target(4096);
  REQUIRE(target.has_value());
  REQUIRE(target->addresses.size() == 2);
  CHECK(target->addresses[0].to_text() == "127.0.0.1:4096");
  CHECK(target->addresses[1].to_text() == "[::1]:4096");
  CHECK(target->key == "localhost:4096");
}

TEST_CASE("which ports may be reached") {
  struct Case {
    const char* allow;
    const char* deny;
    int port;
    bool good;
  };
  for (const Case& each :
       {Case{nullptr, nullptr, 1, true}, Case{nullptr, nullptr, 65535, true}, Case{nullptr, nullptr, 2375, false},
        Case{nullptr, nullptr, 2376, false}, Case{nullptr, nullptr, 9222, false}, Case{nullptr, nullptr, 9229, false},
        Case{"9229", nullptr, 9229, true}, Case{"9000-9999", nullptr, 9222, true},
        Case{"9000-9999", nullptr, 2375, false}, Case{"3000-3999", nullptr, 3000, true},
        Case{"3000-3999", nullptr, 4000, false}, Case{nullptr, "22,5432", 22, false},
        Case{nullptr, "22,5432", 23, true}, Case{"3000-3999", "3500", 3500, false},
        Case{"3000-3999", "3500", 3501, true}}) {
    CAPTURE(each.port);
    const auto target = policy(each.allow, each.deny).target(each.port);
    CHECK(target.has_value() == each.good);
    if (!each.good) CHECK(refusal(target) == ErrorCode::kForbidden);
  }
  for (const int port : {0, -1, 65536}) CHECK(refusal(policy(nullptr).target(port)) == ErrorCode::kInvalidPort);
}

TEST_CASE("the agent's own ports are never targets, however they are spelt or allowed") {
  TargetPolicy own = policy("1-65535");
  CHECK(own.target(8080).has_value());
  own.add_own_port(8080);
  CHECK(refusal(own.target(8080)) == ErrorCode::kForbidden);
  CHECK(refusal(own.named("localhost:8080")) == ErrorCode::kForbidden);
  CHECK(refusal(own.named("127.0.0.1:8080")) == ErrorCode::kForbidden);
  CHECK(refusal(own.named("[::1]:8080")) == ErrorCode::kForbidden);
}

TEST_CASE("a host and port is local, or one that was allowed by name") {
  const TargetPolicy some = policy(nullptr);
  for (const char* local : {"localhost:3000", "LocalHost:3000", "127.0.0.1:3000", "[::1]:3000"}) {
    CAPTURE(local);
    const auto target = some.named(local);
    REQUIRE(target.has_value());
    CHECK(target->key == "localhost:3000");
  }
  const auto sidecar = some.named("SIDECAR:9000");
  REQUIRE(sidecar.has_value());
  CHECK(sidecar->addresses.empty());
  CHECK(sidecar->host == "sidecar");
  CHECK(sidecar->port == 9000);
  CHECK(sidecar->key == "sidecar:9000");
  CHECK(some.named("[fd00::1]:80")->host == "fd00::1");
  for (const char* bad :
       {"sidecar:9001", "other:9000", "sidecar", "sidecar:", ":9000", "", "localhost:0", "localhost:080",
        "localhost:+80", "localhost:65536", "127.0.0.2:80", "fd00::1:80", "[fd00::1]", "[]:80", "sidecar:9000:1",
        "side car:9000", "http://localhost:80", "localhost:80/", "0.0.0.0:80"}) {
    CAPTURE(bad);
    CHECK(refusal(some.named(bad)) == ErrorCode::kInvalidProxyTargetHost);
  }
  CHECK(refusal(some.named("localhost:2375")) == ErrorCode::kForbidden);
}
