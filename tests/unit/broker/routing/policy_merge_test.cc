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
  REQUIRE(most.size() == 2);
  CHECK(**most.begin() == 10);
  CHECK(**(most.begin() + 1) == 5);
}

struct TwoTenants {
  static constexpr const char* kOpen =
      R"({"cookies":"pass","max_body":100,"ip_deny":[],"rate":{"streams":9},"methods":["GET","PUT"]})";
  static constexpr const char* kShut =
      R"({"cookies":"isolate","max_body":5,"ip_deny":["10.0.0.0/8"],"rate":{"streams":1},"methods":["GET"]})";

  IndexFixture table;

  TwoTenants() { table.machine("m"); }
  EffectivePolicy under(std::string_view host) const { return table.resolved(host).policy; }
};

TEST_CASE_FIXTURE(TwoTenants, "on its own host a project's policy comes before those of others of the same port") {
  table.project("aaa", "m", 3000, kOpen);
  table.project("misha", "m", 3000, kShut);
  table.domain("misha.com", "misha");
  table.route("rt_1", {"routed.com"}, {"", "misha", "", 0});
  for (const std::string host : {"misha.iterate.app", "misha.com", "routed.com", "3000__misha.iterate.app"}) {
    CAPTURE(host);
    CHECK(under(host).cookies() == CookieScope::kIsolate);
    CHECK(under(host).rate().nearest->streams == 1);
  }
  CHECK(under("aaa.iterate.app").cookies() == CookieScope::kPass);
  CHECK(under("aaa.iterate.app").rate().nearest->streams == 9);
}

TEST_CASE_FIXTURE(TwoTenants, "on its own host a service's policy comes before those of others on the same port") {
  table.project("aaa", "m");
  table.project("misha", "m");
  table.service("aaa", "a", 4000, "m", kOpen);
  table.service("misha", "b", 4000, "", kOpen);
  table.service("misha", "c", 4000, "", kShut);
  CHECK(under("c.misha.iterate.app").rate().nearest->streams == 1);
  CHECK(under("b.misha.iterate.app").rate().nearest->streams == 9);
  CHECK(under("a.aaa.iterate.app").rate().nearest->streams == 9);
  table.service("misha", "b", 4001, "");
  CHECK(under("4000__misha.iterate.app").rate().nearest->streams == 1);
}

TEST_CASE_FIXTURE(TwoTenants, "what one tenant restricts no equal of the same port opens, under whatever name") {
  table.project("aaa", "m", 3000, kOpen);
  table.project("misha", "m", 3000, kShut);
  for (const std::string host : {"aaa.iterate.app", "misha.iterate.app", "m.machines.iterate.app"}) {
    CAPTURE(host);
    CHECK(under(host).methods().size() == 2);
    CHECK(under(host).ip_deny().size() == 2);
    CHECK(under(host).max_body().size() == 2);
    CHECK_FALSE(under(host).ip_allow());
  }
  // A nearer level alone holds, as ever.
  table.service("aaa", "open", 3000, "", R"({"max_body":7})");
  CHECK(under("misha.iterate.app").max_body().size() == 1);
  CHECK(under("misha.iterate.app").methods().size() == 2);
}

TEST_CASE_FIXTURE(TwoTenants, "a machine's host is its owner's, and a route's its owner's") {
  table.project("aaa", "m", 3000, kOpen);
  table.project("misha", "m", 3000, kShut);
  CHECK(under("m.machines.iterate.app").rate().nearest->streams == 9);
  Machine machine = *table.index.machine("m");
  machine.owner = "misha";
  table.apply(PutMachine{machine});
  CHECK(under("m.machines.iterate.app").rate().nearest->streams == 1);
  Route route;
  route.id = "rt_1";
  route.owner = "aaa";
  route.patterns.push_back(IndexFixture::read("a.com", {"m", "", "", 0}));
  table.apply(PutRoute{route, false, false});
  CHECK(under("a.com").rate().nearest->streams == 9);
}

TEST_CASE_FIXTURE(TwoTenants, "the layers are told in the order in which they hold, with their levels") {
  table.project("aaa", "m", 3000, kOpen);
  table.project("misha", "m", 3000, kShut);
  std::vector<std::string> steps;
  std::vector<PolicyLayer> layers;
  REQUIRE(table.index.explain({"misha.iterate.app"}, steps, &layers).has_value());
  REQUIRE(layers.size() == 3);
  CHECK(layers[0].from == "project misha");
  CHECK(layers[1].from == "project aaa");
  CHECK(layers[0].level == layers[1].level);
  CHECK(layers[1].level < layers[2].level);
}

TEST_CASE("a project whose services share a port counts once") {
  IndexFixture table;
  table.machine("m");
  table.project("misha", "", 3000, kPublic);
  for (int i = 0; i < 8; ++i) table.service("misha", "s" + std::to_string(i), 4000, "m");
  CHECK(table.resolved("s0.misha.iterate.app").policy.auths().size() == 1);
  CHECK(table.resolved("4000__m.machines.iterate.app").policy.is_public());
}

TEST_CASE("a refusal of a project's host is told with the project's policy") {
  constexpr const char* kFields = R"({"security_headers":"standard"})";
  IndexFixture table;
  table.machine("old", MachineState::kArchived);
  table.project("misha", "", 3000, kFields);
  table.project("gone", "old", 3000, kFields);
  table.project("shut", "", 3000, kFields);
  table.suspend("shut");
  table.project("plain", "");
  table.domain("misha.com", "misha");
  const auto told = [&table](std::string_view host) {
    Resolution out;
    CHECK_FALSE(table.index.resolve({host}, out).has_value());
    return out.policy.security_headers() == SecurityHeaders::kStandard;
  };
  for (const std::string host :
       {"misha.iterate.app", "0__misha.iterate.app", "nope__misha.iterate.app", "nope.misha.iterate.app",
        "nope.misha.com", "0.misha.com", "shut.iterate.app", "gone.iterate.app", "old.machines.iterate.app"}) {
    CAPTURE(host);
    CHECK(told(host));
  }
  for (const std::string host : {"plain.iterate.app", "0__plain.iterate.app", "nobody.iterate.app", "a.com"}) {
    CAPTURE(host);
    CHECK_FALSE(told(host));
  }
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

TEST_CASE("of as many equals as are looked at each one's auth holds") {
  IndexFixture table;
  table.machine("m");
  for (int i = 0; i < 15; ++i) {
    const std::string number = std::to_string(i + 1);
    table.project("p" + number, "m", 3000, R"({"auth":"share","park":")" + number + R"(s"})");
  }
  const EffectivePolicy policy = table.resolved("m.machines.iterate.app").policy;
  CHECK(policy.auths().size() == 15);
  CHECK_FALSE(policy.is_denied());
}

TEST_CASE("the limits of each project on a machine hold, of too many those of its owner first") {
  IndexFixture table;
  table.machine("m");
  const auto limited = [&table](const std::string& slug, const std::string& machine) {
    Project project;
    project.slug = slug;
    project.machine = machine;
    project.limits = R"({"streams":1})";
    table.apply(PutProject{project, true});
  };
  const auto held = [&table](std::string_view host) {
    std::vector<std::string> slugs;
    const auto resolved = table.resolved(host);
    for (const EffectivePolicy::Quota& quota : resolved.policy.quotas()) slugs.emplace_back(quota.project);
    return slugs;
  };
  limited("zz-owner", "");
  Machine machine = *table.index.machine("m");
  machine.owner = "zz-owner";
  table.apply(PutMachine{machine});
  for (int i = 0; i < 15; ++i) limited("p" + std::to_string(i), "m");
  CHECK(held("m.machines.iterate.app").size() == 16);
  for (int i = 15; i < 30; ++i) limited("p" + std::to_string(i), "m");
  const std::vector<std::string> most = held("p29.iterate.app");
  REQUIRE(most.size() == EffectivePolicy::kMostQuotas);
  CHECK(most[0] == "zz-owner");
  CHECK(most[1] == "p29");
}

TEST_CASE("a resolution that is used again has nothing of the one before") {
  IndexFixture table;
  table.machine("m");
  table.machine("bare");
  table.index.set_policies({load_policy(kPublic), load_policy(R"({"max_body":10})")});
  for (int i = 1; i <= 20; ++i) {
    const std::string number = std::to_string(i);
    table.project("p" + number, "m", 3000, R"({"auth":"share","park":")" + number + R"(s"})");
  }
  Resolution out;
  REQUIRE(table.index.resolve({"p1.iterate.app"}, out).has_value());
  CHECK(out.policy.is_overfull());
  table.index.set_policies({load_policy(kPublic), nullptr});
  REQUIRE(table.index.resolve({"bare.machines.iterate.app"}, out).has_value());
  CHECK_FALSE(out.policy.is_overfull());
  CHECK(out.policy.is_public());
  CHECK(out.policy.plain());
  CHECK(out.policy.max_body().size() == 0);
  CHECK(out.policy.quotas().empty());
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
