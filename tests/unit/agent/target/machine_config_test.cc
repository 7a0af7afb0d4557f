#include "agent/target/machine_config.h"

#include <doctest/doctest.h>

using namespace ingress;
using namespace ingress::agent;

namespace {

using Texts = std::vector<std::string>;

MachineConfig sample() {
  MachineConfig config;
  config.domains = {"iterate.app"};
  config.projects = {{"misha", 5000, true, {{"docs", 4000}}, {"example.com"}},
                     {"olga", 3000, false, {{"api", 9000}}, {}}};
  config.hosts = {{"app.com", 4000}};
  return config;
}

}  // namespace

TEST_CASE("a port is public as the default says, unless it is one of the others") {
  MachineConfig config;
  CHECK_FALSE(config.is_public(3000));
  config.other_ports = {80, 4000};
  CHECK(config.is_public(4000));
  CHECK_FALSE(config.is_public(3000));
  config.public_by_default = true;
  CHECK_FALSE(config.is_public(80));
  CHECK(config.is_public(3000));
}

TEST_CASE("a port's URLs are those of projects and services, then of routes, then the machine's own") {
  const MachineConfig config = sample();
  CHECK(config.urls_of(4000, "m") == Texts{"https://docs__misha.iterate.app/", "https://app.com/",
                                           "https://4000__misha.iterate.app/",
                                           "https://4000__m.machines.iterate.app/"});
  CHECK(config.urls_of(5000, "m") ==
        Texts{"https://misha.iterate.app/", "https://example.com/", "https://5000__m.machines.iterate.app/"});
  CHECK(config.urls_of(3000, "m") == Texts{"https://3000__misha.iterate.app/", "https://m.machines.iterate.app/"});
  CHECK(config.urls_of(9000, "m") == Texts{"https://api__olga.iterate.app/", "https://9000__misha.iterate.app/",
                                           "https://9000__m.machines.iterate.app/"});
}

TEST_CASE("a URL names the https port where it is another one") {
  MachineConfig config;
  config.domains = {"iterate.app", "b.app"};
  config.https_port = 8443;
  CHECK(config.urls_of(3000, "m") == Texts{"https://m.machines.iterate.app:8443/", "https://m.machines.b.app:8443/"});
}

TEST_CASE("where a project that is not attached has a host of its own, that host is another machine's") {
  const MachineConfig config = sample();
  CHECK_FALSE(config.port_of("olga.iterate.app").has_value());
  CHECK(config.port_of("api__olga.iterate.app")->value() == 9000);
  CHECK(config.port_of("4096__olga.iterate.app")->value() == 4096);
  CHECK(config.port_of("docs.misha.iterate.app")->value() == 4000);
  CHECK(config.port_of("docs.example.com")->value() == 4000);
  CHECK_FALSE(config.port_of("").has_value());
  CHECK_FALSE(config.port_of(".iterate.app").has_value());
}

TEST_CASE("a port before a service's name holds, and before any that a service may have") {
  const MachineConfig config = sample();
  for (const char* host :
       {"4096__docs.misha.iterate.app", "4096--docs.misha.iterate.app", "4096__nix.misha.iterate.app",
        "4096__docs.olga.iterate.app", "4096__docs.example.com", "4096--docs.example.com"}) {
    CAPTURE(host);
    REQUIRE(config.port_of(host).has_value());
    CHECK(config.port_of(host)->value() == 4096);
  }
  for (const char* host :
       {"0__docs.misha.iterate.app", "65536__docs.misha.iterate.app", "080--docs.misha.iterate.app",
        "4096__.misha.iterate.app", "4096__4097__docs.misha.iterate.app", "4096__a/b.misha.iterate.app",
        "api__docs.misha.iterate.app", "4096.misha.iterate.app", "4096__a b.example.com"}) {
    CAPTURE(host);
    REQUIRE(config.port_of(host).has_value());
    CHECK(config.port_of(host)->error().code == ErrorCode::kInvalidProxyTargetHost);
  }
}
