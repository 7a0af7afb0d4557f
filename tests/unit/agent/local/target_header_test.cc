#include "agent/local/target_header.h"

#include <doctest/doctest.h>

#include <string>

#include "agent/local/admission.h"

using namespace ingress;
using namespace ingress::agent;

namespace {

Result<AskedTarget> asked(std::string_view value, const MachineConfig* config = nullptr) {
  return asked_target({{"Host", "x"}, {"x-iterate-proxy-target-host", value}}, config);
}

}  // namespace

TEST_CASE("the target header names a port before a host name, or the default port by a host name alone") {
  struct Case {
    const char* value;
    int port;
  };
  const std::string longest = std::string(63, 'a') + ".example.com";
  for (const Case& each : {Case{"4096__mach_1.example.com", 4096}, Case{"4096--mach-1.example.com", 4096},
                           Case{"1__a", 1}, Case{"65535__a", 65535}, Case{"3000--a__b", 3000},
                           Case{"mach_1.machines.iterate.app", 3000}, Case{"misha.iterate.app", 3000},
                           Case{"localhost", 3000}, Case{"127.0.0.1", 3000}, Case{"xn--bcher-kva.example", 3000},
                           Case{"a--b.example", 3000}, Case{"EXAMPLE.com.", 3000}, Case{longest.c_str(), 3000}}) {
    CAPTURE(each.value);
    const auto found = asked(each.value);
    REQUIRE(found.has_value());
    CHECK(found->port == each.port);
    CHECK(found->host_port.empty());
  }
}

TEST_CASE("a name that a client may have asked for is told whole, an address or a name alone is not") {
  for (const char* value : {"misha.iterate.app", "4096__mach_1.example.com", "4096--mach-1.example.com"}) {
    CAPTURE(value);
    CHECK(asked(value)->host == value);
  }
  CHECK(asked("misha.iterate.app.")->host == "misha.iterate.app");
  for (const char* value : {"localhost", "127.0.0.1", "localhost:3000", "127.0.0.1:3000", "3000__mach_1", "mach_1."}) {
    CAPTURE(value);
    REQUIRE(asked(value).has_value());
    CHECK(asked(value)->host.empty());
  }
}

TEST_CASE("what CONFIG told decides where a host ends, before ports and the default") {
  MachineConfig config;
  config.default_port = 8000;
  config.domains = {"iterate.app"};
  config.projects = {{"misha", 5000, true, {{"docs", 4000}}, {"example.com"}}};
  config.hosts = {{"4096__route.com", 7000}};
  struct Case {
    const char* value;
    int port;
  };
  for (const Case& each : {Case{"misha.iterate.app", 5000},
                           Case{"MISHA.Iterate.App.", 5000},
                           Case{"docs.misha.iterate.app", 4000},
                           Case{"docs__misha.iterate.app", 4000},
                           Case{"docs--misha.iterate.app", 4000},
                           Case{"4096__misha.iterate.app", 4096},
                           Case{"4096--misha.iterate.app", 4096},
                           Case{"4096__docs.misha.iterate.app", 4096},
                           Case{"4096__docs__misha.iterate.app", 4096},
                           Case{"4096__docs.example.com", 4096},
                           Case{"4096__example.com", 4096},
                           Case{"mach_1.machines.iterate.app", 8000},
                           Case{"4096__mach_1.machines.iterate.app", 4096},
                           Case{"example.com", 5000},
                           Case{"docs.example.com", 4000},
                           Case{"4096.example.com", 4096},
                           Case{"4096__route.com", 7000},
                           Case{"olga.iterate.app", 8000},
                           Case{"docs.olga.iterate.app", 8000},
                           Case{"app.fly.example", 8000},
                           Case{"9__app.fly.example", 9},
                           Case{"iterate.app", 8000}}) {
    CAPTURE(each.value);
    const auto found = asked(each.value, &config);
    REQUIRE(found.has_value());
    CHECK(found->port == each.port);
  }
  for (const char* value : {"nix.misha.iterate.app", "nix__misha.iterate.app", "nix--misha.iterate.app",
                            "nix.example.com", "0__misha.iterate.app", "080.example.com", "docs__olga.iterate.app",
                            "docs__app.fly.example", "-1__misha.iterate.app", "a b.iterate.app"}) {
    CAPTURE(value);
    CHECK(asked(value, &config).error().code == ErrorCode::kInvalidProxyTargetHost);
  }
  CHECK(asked("localhost:4000", &config)->host_port == "localhost:4000");
}

TEST_CASE("a target with a colon is left to the policy") {
  for (const char* value : {"localhost:3000", "127.0.0.1:1", "sidecar:9000", "4096__a.example:80"}) {
    const auto found = asked(value);
    REQUIRE(found.has_value());
    CHECK(found->host_port == value);
  }
}

TEST_CASE("a target header that says nothing clear is invalid") {
  const std::string label(64, 'a');
  const std::string whole = std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." +
                            std::string(60, 'd') + "." + std::string(60, 'e');
  for (const std::string& value : {std::string("0__a"),
                                   std::string("65536__a"),
                                   std::string("080__a"),
                                   std::string("+80__a"),
                                   std::string("-80__a"),
                                   std::string("__a"),
                                   std::string("--a"),
                                   std::string("3000__"),
                                   std::string("3000--"),
                                   std::string("0--a"),
                                   std::string("65536--a"),
                                   std::string("-1--a"),
                                   std::string("+1--a"),
                                   std::string("00080--a"),
                                   std::string("docs__a"),
                                   std::string("80 __a"),
                                   std::string("99999999999999999999__a"),
                                   std::string("a..b"),
                                   std::string(".a"),
                                   std::string("a b"),
                                   std::string("a/b"),
                                   std::string("a@b"),
                                   std::string("."),
                                   std::string("4096"),
                                   std::string("a,b"),
                                   std::string("caf\xc3\xa9"),
                                   std::string("4096__a/b"),
                                   label,
                                   whole}) {
    CAPTURE(value);
    const auto found = asked(value);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code == ErrorCode::kInvalidProxyTargetHost);
    CHECK(found.error().side == Side::kClient);
  }
}

TEST_CASE("no target header and two of them") {
  CHECK(asked_target({{"Host", "a"}}, nullptr).error().code == ErrorCode::kMissingProxyTargetHost);
  CHECK(asked("").error().code == ErrorCode::kMissingProxyTargetHost);
  const http::Fields two = {{kTargetHeader, "3000__a"}, {kTargetHeader, "3000__a"}};
  CHECK(asked_target(two, nullptr).error().code == ErrorCode::kInvalidProxyTargetHost);
}

TEST_CASE("who is admitted") {
  const http::Fields none;
  const http::Fields right = {{"x-iterate-project-ingress-secret", "s3cret"}};
  const http::Fields wrong = {{kSecretHeader, "s3creT"}};
  const http::Fields prefix = {{kSecretHeader, "s3cre"}};
  const http::Fields twice = {{kSecretHeader, "s3cret"}, {kSecretHeader, "s3cret"}};
  const Admission secret("s3cret", false);
  CHECK(secret.check(right, "203.0.113.9").has_value());
  for (const http::Fields* fields : {&none, &wrong, &prefix, &twice}) {
    const Status status = secret.check(*fields, "127.0.0.1");
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == ErrorCode::kUnauthorized);
  }
  CHECK_FALSE(Admission("s3cret", true).check(none, "127.0.0.1").has_value());
  const Admission loopback("", false);
  for (const char* ip : {"127.0.0.1", "127.8.9.1", "::1", ""}) CHECK(loopback.check(none, ip).has_value());
  for (const char* ip : {"10.0.0.1", "203.0.113.9", "fe80::1", "::", "1127.0.0.1"}) {
    CHECK_FALSE(loopback.check(none, ip).has_value());
  }
  CHECK(Admission("", true).check(none, "203.0.113.9").has_value());
}
