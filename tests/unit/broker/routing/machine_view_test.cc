#include "broker/routing/machine_view.h"

#include "tests/unit/broker/routing/index_fixture.h"

namespace ingress::broker {
namespace {

constexpr const char* kDeny = R"({"auth":"deny"})";
constexpr const char* kPublic = R"({"auth":"public"})";

// "3000 misha*:5000(docs=4000 db=5432; example.com) app.com=4000 | public but [5432]"; `*` where it is attached.
std::string text_of(const MachineView& view) {
  std::string text = std::to_string(view.default_port);
  for (const MachineView::Project& project : view.projects) {
    text += " " + project.slug + (project.attached ? "*:" : ":") + std::to_string(project.default_port) + "(";
    for (const auto& service : project.services) text += service.name + "=" + std::to_string(service.port) + " ";
    if (!project.services.empty()) text.pop_back();
    for (const std::string& domain : project.domains) text += "; " + domain;
    text += ")";
  }
  for (const MachineView::Host& host : view.hosts) text += " " + host.name + "=" + std::to_string(host.port);
  text += view.public_by_default ? " | public but [" : " | closed but [";
  for (const int port : view.other_ports) text += std::to_string(port) + " ";
  if (!view.other_ports.empty()) text.pop_back();
  return text + "]";
}

std::string view(const IndexFixture& table, const std::string& machine, int64_t now = 0) {
  MachineView view;
  REQUIRE(table.index.view_of(machine, view, now));
  return text_of(view);
}

TEST_CASE("a machine alone has its default port and the broker's policy") {
  IndexFixture table;
  table.machine("m", MachineState::kActive, 8000);
  CHECK(view(table, "m") == "8000 | public but []");
  IndexFixture closed({"iterate.app"}, kDeny);
  closed.machine("m");
  CHECK(view(closed, "m") == "3000 | closed but []");
  MachineView none;
  CHECK_FALSE(table.index.view_of("other", none, 0));
}

TEST_CASE("what leads to a machine is in its view, and what leads elsewhere is not") {
  IndexFixture table;
  table.machine("m");
  table.machine("other");
  table.project("misha", "m", 5000);
  table.service("misha", "docs", 4000);
  table.service("misha", "far", 4001, "other");
  table.domain("example.com", "misha");
  table.route("rt_1", {"app.com", "*.app.com"}, {"m", "", "", 7000});
  table.route("rt_2", {"bare.com"}, {"m", "", "", 0});
  table.route("rt_3", {"project.com"}, {"", "misha", "", 0});
  table.route("rt_4", {"docs.com"}, {"", "misha", "docs", 0});
  table.route("rt_5", {"far.com"}, {"", "misha", "far", 0});
  CHECK(
      view(table, "m") ==
      "3000 misha*:5000(docs=4000; example.com) docs.com=4000 project.com=5000 bare.com=3000 app.com=7000 | public but "
      "[]");
  CHECK(view(table, "other") == "3000 misha:5000(far=4001) far.com=4001 | public but []");
}

TEST_CASE("a route whose time is over, or that lets nobody in, is not told as a host") {
  IndexFixture table;
  table.machine("m");
  Route brief;
  brief.id = "rt_1";
  brief.expires_at = 1000;
  brief.patterns.push_back(IndexFixture::read("brief.com", {"m", "", "", 7000}));
  table.apply(PutRoute{brief, false, false});
  table.route("rt_2", {"shut.com"}, {"m", "", "", 7000}, kDeny);
  table.route("rt_3", {"open.com"}, {"m", "", "", 7000});
  CHECK(view(table, "m", 999) == "3000 open.com=7000 brief.com=7000 | public but []");
  CHECK(view(table, "m", 1000) == "3000 open.com=7000 | public but []");
}

TEST_CASE("hosts for people are the machine's own, projects' and services', and then those of routes that go on") {
  IndexFixture table;
  table.machine("m");
  table.machine("other");
  table.project("misha", "m");
  table.service("misha", "docs", 4000);
  table.project("zoe", "m");
  Route brief;
  brief.id = "rt_1";
  brief.expires_at = 1000;
  brief.patterns.push_back(IndexFixture::read("brief.com", {"", "misha", "", 0}));
  table.apply(PutRoute{brief, false, false});
  using Texts = std::vector<std::string>;
  const Texts own = {"m.machines.iterate.app", "misha.iterate.app", "docs__misha.iterate.app", "zoe.iterate.app"};
  CHECK(table.index.hosts_of("m", {}, 1000) == own);
  Texts all = own;
  all.emplace_back("brief.com");
  CHECK(table.index.hosts_of("m", {}, 999) == all);
}

TEST_CASE("ports whose policy is another one are named, whichever way round") {
  IndexFixture table;
  table.machine("m");
  table.project("misha", "m");
  table.service("misha", "db", 5432, "", kDeny);
  table.service("misha", "docs", 4000);
  CHECK(view(table, "m") == "3000 misha*:3000(db=5432 docs=4000) | public but [5432]");
  CHECK(table.index.port_is_public("m", 4000));
  CHECK_FALSE(table.index.port_is_public("m", 5432));
  CHECK_FALSE(table.index.port_is_public("none", 4000));
  Project project = *table.index.project("misha");
  project.policy = kDeny;
  table.apply(PutProject{project});
  table.service("misha", "docs", 4000, "", kPublic);
  CHECK(view(table, "m") == "3000 misha*:3000(db=5432 docs=4000) | closed but [4000]");
}

TEST_CASE("a port is public where everybody may come in and do what they like, and not where the operator forbids it") {
  IndexFixture table;
  table.machine("m");
  table.project("misha", "m");
  int port = 4000;
  for (const char* policy :
       {R"({"auth":"share"})", R"({"auth":"public"})", R"({"ip_allow":["10.0.0.0/8"]})",
        R"({"ip_deny":["10.0.0.0/8"]})", R"({"methods":["GET"]})", R"({"auth":"public","host":"preserve"})",
        R"({"auth":"public","request_headers":{"set":{"X-User":"anybody"}}})",
        R"({"auth":"public","request_headers":{"remove":["X-Noise"]}})"}) {
    table.service("misha", "s" + std::to_string(port), port, "", policy);
    ++port;
  }
  MachineView view;
  REQUIRE(table.index.view_of("m", view, 0));
  CHECK(view.public_by_default);
  CHECK(view.other_ports == std::vector<int>{4000, 4002, 4003, 4004, 4006});
  table.machine_policy("m", kDeny);
  REQUIRE(table.index.view_of("m", view, 0));
  CHECK_FALSE(view.public_by_default);
  CHECK(view.other_ports == std::vector<int>{4001, 4005, 4007});
  BrokerPolicies enforced{load_policy(kPublic), load_policy(kDeny)};
  table.index.set_policies(enforced);
  REQUIRE(table.index.view_of("m", view, 0));
  CHECK_FALSE(view.public_by_default);
  CHECK(view.other_ports.empty());
}

TEST_CASE("a service that another project has on the machine brings its own policy along") {
  IndexFixture table;
  table.machine("m");
  table.project("shut", "", 3000, kDeny);
  table.service("shut", "api", 9000, "m");
  CHECK(view(table, "m") == "3000 shut:3000(api=9000) | public but [9000]");
}

TEST_CASE("no port of a machine is public while all of its projects are suspended") {
  IndexFixture table;
  table.machine("m");
  table.project("misha", "m");
  table.project("olga", "m");
  table.suspend("misha");
  CHECK(view(table, "m") == "3000 misha*:3000() olga*:3000() | public but []");
  table.suspend("olga");
  CHECK(view(table, "m") == "3000 misha*:3000() olga*:3000() | closed but []");
}

TEST_CASE("a view is bounded, and ports that are left out of it are not public") {
  IndexFixture table;
  table.machine("m");
  for (int i = 0; i < 100; ++i) table.project("p" + std::to_string(i), "m");
  for (int i = 0; i < 5000; ++i) {
    table.service("p0", "s" + std::to_string(i), 10000 + i, "", i % 10 == 0 ? kPublic : kDeny);
  }
  for (int i = 0; i < 2000; ++i) {
    table.route("rt_" + std::to_string(i), {"h" + std::to_string(i) + ".com"}, {"m", "", "", 0});
    table.domain("d" + std::to_string(i) + ".com", "p1");
  }
  MachineView view;
  REQUIRE(table.index.view_of("m", view, 0));
  CHECK(view.projects.size() == MachineView::kMostProjects);
  CHECK(view.hosts.size() == MachineView::kMostHosts);
  size_t services = 0;
  size_t domains = 0;
  for (const MachineView::Project& project : view.projects) {
    services += project.services.size();
    domains += project.domains.size();
  }
  CHECK(services == MachineView::kMostServices);
  CHECK(domains == MachineView::kMostDomains);
  CHECK_FALSE(view.public_by_default);
  CHECK(view.other_ports.size() == 500);
  CHECK(view.other_ports.front() == 10000);
}

// "m1 m2", those that the change touched; "+misha m" and so on for what else it was.
std::string news_of(IndexFixture& table, Change change) {
  Transaction transaction;
  transaction.changes.push_back(std::move(change));
  std::vector<MachineNews> news;
  table.index.apply(transaction, &news);
  std::string text;
  for (const MachineNews& each : news) {
    if (each.kind == MachineNews::Kind::kAttached) text += "+" + each.project + " ";
    if (each.kind == MachineNews::Kind::kDetached) text += "-" + each.project + " ";
    if (each.kind == MachineNews::Kind::kDeleted) text += "deleted ";
    text += each.machine + " ";
  }
  return text;
}

Route route_to(const std::string& id, const std::string& host, const RouteTarget& target) {
  Route route;
  route.id = id;
  route.patterns.push_back({host, target, "{}"});
  return route;
}

TEST_CASE("a change tells which machines it touches, each once") {
  IndexFixture table;
  table.machine("m1");
  table.machine("m2");
  table.project("misha", "m1");
  Machine machine = *table.index.machine("m1");
  CHECK(news_of(table, PutMachine{machine}) == "m1 ");
  CHECK(news_of(table, PutService{Service{"misha", "docs", 4000, "", "{}"}}) == "m1 ");
  CHECK(news_of(table, PutService{Service{"misha", "docs", 4000, "m2", "{}"}}) == "m1 m2 ");
  CHECK(news_of(table, PutProject{*table.index.project("misha")}) == "m1 m2 ");
  CHECK(news_of(table, PutRoute{route_to("rt_1", "a.com", {"m2", "", "", 0})}) == "m2 ");
  CHECK(news_of(table, PutRoute{route_to("rt_1", "a.com", {"", "misha", "docs", 0})}) == "m2 m1 ");
  CHECK(news_of(table, DeleteRoute{"rt_1"}) == "m1 m2 ");
  CHECK(news_of(table, PutDomain{Domain{"b.com", "misha", 0}}) == "m1 ");
  CHECK(news_of(table, DeleteDomain{"b.com"}) == "m1 ");
  CHECK(news_of(table, DeleteService{"misha", "docs"}) == "m1 m2 ");
  CHECK(news_of(table, PutToken{Token{"tk", "m1", "aa", "", 0}}).empty());
}

TEST_CASE("an attachment that moves is told by both machines") {
  IndexFixture table;
  table.machine("m1");
  table.machine("m2");
  table.project("misha", "m1");
  CHECK(news_of(table, AttachMachine{"misha", "m1"}).empty());
  CHECK(news_of(table, AttachMachine{"misha", "m2"}) == "-misha m1 m1 +misha m2 m2 ");
  CHECK(news_of(table, AttachMachine{"misha", ""}) == "-misha m2 m2 ");
  CHECK(news_of(table, DeleteMachine{"m2"}) == "deleted m2 ");
  Project project;
  project.slug = "olga";
  project.machine = "m1";
  CHECK(news_of(table, PutProject{project, true}) == "+olga m1 m1 ");
  CHECK(news_of(table, DeleteProject{"olga"}) == "m1 -olga m1 ");
}

TEST_CASE("a transaction of many routes to one machine tells it once") {
  IndexFixture table;
  table.machine("m");
  Transaction transaction;
  for (int i = 0; i < 1000; ++i) {
    const std::string number = std::to_string(i);
    transaction.changes.emplace_back(PutRoute{route_to("rt_" + number, "h" + number + ".com", {"m", "", "", 0})});
  }
  std::vector<MachineNews> news;
  table.index.apply(transaction, &news);
  CHECK(news.size() == 1);
  news.clear();
  table.index.apply(transaction, &news);
  CHECK(news.size() == 1);
}

}  // namespace
}  // namespace ingress::broker
