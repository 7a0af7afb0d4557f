#include "tests/unit/broker/routing/index_fixture.h"

namespace ingress::broker {
namespace {

constexpr const char* kDeny = R"({"auth":"deny"})";
constexpr const char* kPublic = R"({"auth":"public"})";

TEST_CASE("the broker's defaults hold where nothing nearer says anything") {
  IndexFixture table({"iterate.app"}, Policy{http::HostMode::kPreserve, std::nullopt, Auth::kDeny});
  table.machine("m");
  CHECK(table.resolved("m.machines.iterate.app").policy.auth == Auth::kDeny);
  CHECK(table.resolved("m.machines.iterate.app").policy.host == http::HostMode::kPreserve);
  CHECK_FALSE(table.resolved("m.machines.iterate.app").policy.origin.has_value());
}

TEST_CASE("pattern, service, project and defaults are merged key by key, the nearest first") {
  IndexFixture table({"iterate.app"}, Policy{std::nullopt, std::nullopt, Auth::kDeny});
  table.machine("m");
  table.project("misha", "m", 3000, R"({"auth":"public","origin":"rewrite"})");
  table.service("misha", "docs", 4000, "", R"({"host":"preserve"})");
  table.route("rt_1", {"a.com"}, {"", "misha", "docs", 0}, R"({"host":"rewrite"})");
  const Policy project = table.resolved("misha.iterate.app").policy;
  CHECK(project.auth == Auth::kPublic);
  CHECK(project.origin == http::OriginMode::kRewrite);
  CHECK_FALSE(project.host.has_value());
  const Policy service = table.resolved("docs.misha.iterate.app").policy;
  CHECK(service.auth == Auth::kPublic);
  CHECK(service.host == http::HostMode::kPreserve);
  const Policy route = table.resolved("a.com").policy;
  CHECK(route.auth == Auth::kPublic);
  CHECK(route.host == http::HostMode::kRewrite);
  CHECK(route.origin == http::OriginMode::kRewrite);
}

TEST_CASE("a policy follows the port, whatever the name") {
  IndexFixture table;
  table.machine("mach_123");
  table.machine("other");
  table.project("misha", "mach_123");
  table.service("misha", "docs", 4096, "", kDeny);
  table.service("misha", "far", 5000, "other", kDeny);
  table.domain("example.com", "misha");
  table.route("rt_1", {"a.com"}, {"mach_123", "", "", 4096});
  for (const std::string host :
       {"4096__misha.iterate.app", "4096__mach_123.machines.iterate.app", "4096--mach-123.machines.iterate.app",
        "docs.misha.iterate.app", "docs__misha.iterate.app", "docs.example.com", "4096.example.com", "a.com",
        "far.misha.iterate.app", "5000__other.machines.iterate.app"}) {
    CAPTURE(host);
    CHECK(table.resolved(host).policy.auth == Auth::kDeny);
  }
  for (const std::string host : {"misha.iterate.app", "4097__misha.iterate.app", "5000__misha.iterate.app",
                                 "4096__other.machines.iterate.app"}) {
    CAPTURE(host);
    CHECK(table.resolved(host).policy.auth == Auth::kPublic);
  }
}

TEST_CASE("a machine's hosts inherit the project that it is attached to, and only while it is") {
  IndexFixture table;
  table.machine("m1");
  table.machine("m2");
  table.project("misha", "m1", 3000, kDeny);
  CHECK(table.resolved("m1.machines.iterate.app").policy.auth == Auth::kDeny);
  CHECK(table.resolved("m2.machines.iterate.app").policy.auth == Auth::kPublic);
  table.apply(AttachMachine{"misha", "m2"});
  CHECK(table.resolved("m1.machines.iterate.app").policy.auth == Auth::kPublic);
  CHECK(table.resolved("m2.machines.iterate.app").policy.auth == Auth::kDeny);
}

TEST_CASE("of several projects on one machine, deny wins, by every name the same") {
  IndexFixture table;
  table.machine("m");
  table.project("a", "m", 3000, kPublic);
  table.project("b", "m", 3000, kDeny);
  for (const std::string host : {"a.iterate.app", "b.iterate.app", "m.machines.iterate.app"}) {
    CHECK(table.resolved(host).policy.auth == Auth::kDeny);
  }
  table.service("a", "open", 3000, "", kPublic);
  CHECK(table.resolved("m.machines.iterate.app").policy.auth == Auth::kPublic);
}

TEST_CASE("a change of a policy holds for the next request") {
  IndexFixture table;
  table.machine("m");
  table.project("misha", "m");
  table.service("misha", "docs", 4096, "", kDeny);
  table.service("misha", "docs", 4097, "", kDeny);
  CHECK(table.resolved("4096__misha.iterate.app").policy.auth == Auth::kPublic);
  CHECK(table.resolved("4097__misha.iterate.app").policy.auth == Auth::kDeny);
  table.apply(DeleteService{"misha", "docs"});
  CHECK(table.resolved("4097__misha.iterate.app").policy.auth == Auth::kPublic);
}

}  // namespace
}  // namespace ingress::broker
