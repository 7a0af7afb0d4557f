#include "tests/unit/broker/routing/index_fixture.h"

namespace ingress::broker {
namespace {

constexpr const char* kDeny = R"({"auth":"deny"})";
constexpr const char* kPublic = R"({"auth":"public"})";

TEST_CASE("the broker's defaults hold where nothing nearer says anything") {
  IndexFixture table({"iterate.app"}, R"({"host":"preserve","auth":"deny"})");
  table.machine("m");
  const EffectivePolicy policy = table.resolved("m.machines.iterate.app").policy;
  CHECK(policy.is_denied());
  CHECK(policy.host() == http::HostMode::kPreserve);
  CHECK(policy.origin() == http::OriginMode::kPreserve);
}

TEST_CASE("pattern, service, machine, project and defaults are merged key by key, the nearest first") {
  IndexFixture table({"iterate.app"}, kDeny);
  table.machine("m");
  table.project("misha", "m", 3000, R"({"auth":"public","origin":"rewrite","park":"1s","canonical":"off"})");
  table.service("misha", "docs", 4000, "", R"({"host":"preserve"})");
  table.route("rt_1", {"a.com"}, {"", "misha", "docs", 0}, R"({"host":"rewrite"})");
  const EffectivePolicy project = table.resolved("misha.iterate.app").policy;
  CHECK(project.is_public());
  CHECK(project.origin() == http::OriginMode::kRewrite);
  CHECK(project.host() == http::HostMode::kRewrite);
  const EffectivePolicy service = table.resolved("docs.misha.iterate.app").policy;
  CHECK(service.is_public());
  CHECK(service.host() == http::HostMode::kPreserve);
  const EffectivePolicy route = table.resolved("a.com").policy;
  CHECK(route.is_public());
  CHECK(route.host() == http::HostMode::kRewrite);
  CHECK(route.origin() == http::OriginMode::kRewrite);
  table.machine_policy("m", R"({"park":"2s","wake":"off"})");
  const EffectivePolicy with_machine = table.resolved("docs.misha.iterate.app").policy;
  CHECK(with_machine.park() == std::chrono::seconds(2));
  CHECK(with_machine.wake()->empty());
  CHECK(with_machine.origin() == http::OriginMode::kRewrite);
}

TEST_CASE("what is enforced cannot be loosened, and what is stricter below still holds") {
  IndexFixture table;
  table.machine("m");
  table.project("open", "m", 3000, kPublic);
  table.index.set_policies({load_policy(kPublic), load_policy(R"({"auth":"deny","max_body":10,"host":"preserve"})")});
  CHECK(table.resolved("open.iterate.app").policy.is_denied());
  CHECK(table.resolved("open.iterate.app").policy.host() == http::HostMode::kPreserve);
  table.index.set_policies({load_policy(kPublic), load_policy(kPublic)});
  CHECK(table.resolved("open.iterate.app").policy.is_public());
  table.project("shut", "m", 3000, R"({"auth":"deny","max_body":5})");
  CHECK(table.resolved("open.iterate.app").policy.is_denied());
  table.index.set_policies({load_policy(kPublic), load_policy(R"({"max_body":10})")});
  const auto most = table.resolved("open.iterate.app").policy.max_body();
  CHECK(*most.enforced == 10);
  CHECK(*most.nearest == 5);
}

TEST_CASE("whether any policy says what the clear port does is known without a look at a host") {
  constexpr const char* kServe = R"({"http_mode":"serve"})";
  IndexFixture table;
  table.machine("m");
  table.project("misha", "m", 3000, kPublic);
  CHECK_FALSE(table.index.sets_http_mode());
  table.index.set_policies({load_policy(kServe), nullptr});
  CHECK(table.index.sets_http_mode());
  table.index.set_policies({nullptr, load_policy(kServe)});
  CHECK(table.index.sets_http_mode());
  table.index.set_policies({});
  CHECK_FALSE(table.index.sets_http_mode());
  table.route("rt_1", {"a.com"}, {"", "misha", "", 0}, kServe);
  CHECK(table.index.sets_http_mode());
}

TEST_CASE("more policies than are looked at close the way") {
  IndexFixture table;
  table.machine("m");
  for (int i = 0; i < 20; ++i) {
    table.project("p" + std::to_string(i), "m", 3000, R"({"park":")" + std::to_string(i + 1) + R"(s"})");
  }
  CHECK(table.resolved("m.machines.iterate.app").policy.is_denied());
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
    CHECK(table.resolved(host).policy.is_denied());
  }
  for (const std::string host : {"misha.iterate.app", "4097__misha.iterate.app", "5000__misha.iterate.app",
                                 "4096__other.machines.iterate.app"}) {
    CAPTURE(host);
    CHECK(table.resolved(host).policy.is_public());
  }
}

TEST_CASE("a machine's hosts inherit the project that it is attached to, and only while it is") {
  IndexFixture table;
  table.machine("m1");
  table.machine("m2");
  table.project("misha", "m1", 3000, kDeny);
  CHECK(table.resolved("m1.machines.iterate.app").policy.is_denied());
  CHECK(table.resolved("m2.machines.iterate.app").policy.is_public());
  table.apply(AttachMachine{"misha", "m2"});
  CHECK(table.resolved("m1.machines.iterate.app").policy.is_public());
  CHECK(table.resolved("m2.machines.iterate.app").policy.is_denied());
}

TEST_CASE("of several projects on one machine, deny wins, by every name the same") {
  IndexFixture table;
  table.machine("m");
  table.project("a", "m", 3000, kPublic);
  table.project("b", "m", 3000, kDeny);
  for (const std::string host : {"a.iterate.app", "b.iterate.app", "m.machines.iterate.app"}) {
    CHECK(table.resolved(host).policy.is_denied());
  }
  table.service("a", "open", 3000, "", kPublic);
  CHECK(table.resolved("m.machines.iterate.app").policy.is_public());
}

TEST_CASE("a change of a policy holds for the next request") {
  IndexFixture table;
  table.machine("m");
  table.project("misha", "m");
  table.service("misha", "docs", 4096, "", kDeny);
  table.service("misha", "docs", 4097, "", kDeny);
  CHECK(table.resolved("4096__misha.iterate.app").policy.is_public());
  CHECK(table.resolved("4097__misha.iterate.app").policy.is_denied());
  table.apply(DeleteService{"misha", "docs"});
  CHECK(table.resolved("4097__misha.iterate.app").policy.is_public());
}

}  // namespace
}  // namespace ingress::broker
