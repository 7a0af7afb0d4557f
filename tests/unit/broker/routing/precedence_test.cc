// Routes, custom domains and wildcards, and which of them wins.
#include "tests/unit/broker/routing/index_fixture.h"

namespace ingress::broker {
namespace {

struct Filled : IndexFixture {
  Filled() {
    for (const std::string id : {"m1", "m2", "m3", "m4"}) machine(id, MachineState::kActive);
    project("misha", "m1");
    service("misha", "docs", 4321);
  }
};

TEST_CASE("an exact route wins over the grammar") {
  Filled table;
  table.route("rt_1", {"misha.iterate.app", "www.iterate.app", "iterate.app"}, {"m2", "", "", 0});
  CHECK(table.at("misha.iterate.app") == "m2:3000");
  CHECK(table.at("www.iterate.app") == "m2:3000");
  CHECK(table.at("iterate.app") == "m2:3000");
  CHECK(table.at("4096__misha.iterate.app") == "m1:4096");
  CHECK(table.resolved("misha.iterate.app").route_id == "rt_1");
  CHECK(table.resolved("misha.iterate.app").pattern == "misha.iterate.app");
  table.apply(DeleteRoute{"rt_1"});
  CHECK(table.at("misha.iterate.app") == "m1:3000");
  CHECK(table.at("iterate.app") == "route_not_found");
}

TEST_CASE("a route holds every spelling of its name: `--` for `__`, and a machine's alias") {
  Filled table;
  table.machine("mach_1", MachineState::kActive);
  table.route("rt_1",
              {"4096__misha.iterate.app", "docs__misha.iterate.app", "9__mach_1.machines.iterate.app",
               "mach_1.machines.iterate.app", "a__b.example.com"},
              {"m2", "", "", 0});
  for (const char* host : {"4096__misha.iterate.app", "4096--misha.iterate.app", "docs--misha.iterate.app",
                           "9__mach-1.machines.iterate.app", "9--mach-1.machines.iterate.app",
                           "9--mach_1.machines.iterate.app", "mach-1.machines.iterate.app", "a--b.example.com"}) {
    CAPTURE(host);
    CHECK(table.at(host) == "m2:3000");
  }
  CHECK(table.at("4097--misha.iterate.app") == "m1:4097");
  CHECK(table.at("8--mach-1.machines.iterate.app") == "mach_1:8");
  table.route("rt_2", {"*__x.example.com"}, {"m3", "", "", 0});
  CHECK(table.at("4--x.example.com") == "m3:3000");
  CHECK(table.at("4__x.example.com") == "m3:3000");
  table.route("rt_3", {"a--b.example.com"}, {"m4", "", "", 0});
  CHECK(table.at("a--b.example.com") == "m4:3000");
  CHECK(table.at("a__b.example.com") == "m2:3000");
}

TEST_CASE("the longest wildcard holds a name in both of its spellings") {
  Filled table;
  table.route("short", {"*.example.com"}, {"m2", "", "", 0});
  table.route("long", {"*__misha.example.com"}, {"m3", "", "", 0});
  CHECK(table.pattern("foo__misha.example.com") == "*__misha.example.com");
  CHECK(table.pattern("foo--misha.example.com") == "*__misha.example.com");
  CHECK(table.pattern("foo--bob.example.com") == "*.example.com");
  table.route("longer", {"a--*.example.com"}, {"m4", "", "", 0});
  CHECK(table.pattern("a--misha.example.com") == "*__misha.example.com");
  CHECK(table.pattern("a--bob.example.com") == "a--*.example.com");
  table.route("dashes", {"*--misha.example.com"}, {"m1", "", "", 0});
  CHECK(table.pattern("foo--misha.example.com") == "*--misha.example.com");
  CHECK(table.pattern("foo__misha.example.com") == "*__misha.example.com");
  table.route("captured", {"{who}__team.example.com"}, {"m1", "", "", 0});
  CHECK(table.resolved("bob--team.example.com").captures.value("who") == "bob");
}

TEST_CASE("the grammar wins over a wildcard, which has what the grammar leaves") {
  Filled table;
  table.route("rt_1", {"*.iterate.app", "*.misha.iterate.app"}, {"m2", "", "", 0});
  CHECK(table.at("misha.iterate.app") == "m1:3000");
  CHECK(table.at("4096__misha.iterate.app") == "m1:4096");
  CHECK(table.at("docs.misha.iterate.app") == "m1:4321");
  CHECK(table.at("nobody.iterate.app") == "m2:3000");
  CHECK(table.at("www.iterate.app") == "m2:3000");
  CHECK(table.at("mi_sha.iterate.app") == "m2:3000");
  CHECK(table.at("nope.misha.iterate.app") == "m2:3000");
  CHECK(table.at("99999__misha.iterate.app") == "invalid_port");
  table.suspend("misha");
  CHECK(table.at("misha.iterate.app") == "forbidden");
}

TEST_CASE("a route leads to a machine, a project, a port or a service") {
  Filled table;
  table.route("a", {"a.example.com"}, {"m2", "", "", 0});
  table.route("b", {"b.example.com"}, {"m2", "", "", 99});
  table.route("c", {"c.example.com"}, {"", "misha", "", 0});
  table.route("d", {"d.example.com"}, {"", "misha", "", 77});
  table.route("e", {"e.example.com"}, {"", "misha", "docs", 0});
  CHECK(table.at("a.example.com") == "m2:3000");
  CHECK(table.at("b.example.com") == "m2:99");
  CHECK(table.at("c.example.com") == "m1:3000");
  CHECK(table.at("d.example.com") == "m1:77");
  CHECK(table.at("e.example.com") == "m1:4321");
  CHECK(table.resolved("a.example.com").project.empty());
  CHECK(table.resolved("e.example.com").project == "misha");
  CHECK(table.resolved("e.example.com").service == "docs");
  table.apply(AttachMachine{"misha", "m3"});
  CHECK(table.at("c.example.com") == "m3:3000");
  table.suspend("misha");
  CHECK(table.at("c.example.com") == "forbidden");
}

TEST_CASE("an exchange is the project's that the host names, or that the route or the machine belongs to") {
  Filled table;
  const auto tenant = [&table](std::string_view host) {
    Resolution out;
    (void)table.index.resolve({host, "/"}, out);
    return std::string(out.tenant);
  };
  Machine owned = *table.index.machine("m2");
  owned.owner = "misha";
  table.apply(PutMachine{owned});
  Route route;
  route.id = "rt_1";
  route.owner = "misha";
  for (const auto& [pattern, machine] :
       {std::pair{"own.net", "m2"}, {"{m}.captured.net", "m{m}"}, {"operators.net", "m3"}}) {
    route.patterns.push_back(IndexFixture::read(pattern, {machine, "", "", 0}));
  }
  table.apply(PutRoute{route});
  table.domain("example.com", "misha");
  for (const char* host : {"misha.iterate.app", "docs.misha.iterate.app", "none.misha.iterate.app",
                           "0__misha.iterate.app", "x__misha.iterate.app", "example.com", "none.example.com",
                           "m2.machines.iterate.app", "own.net", "2.captured.net", "9.captured.net", "operators.net"}) {
    CAPTURE(host);
    CHECK(tenant(host) == "misha");
  }
  for (const char* host : {"m1.machines.iterate.app", "m3.machines.iterate.app", "none.iterate.app", "elsewhere.net",
                           "0__m2.machines.iterate.app"}) {
    CAPTURE(host);
    CHECK(tenant(host).empty());
  }
}

TEST_CASE("a custom domain holds its name, ports and services under it") {
  Filled table;
  table.domain("example.com", "misha");
  CHECK(table.at("example.com") == "m1:3000");
  CHECK(table.at("4096.example.com") == "m1:4096");
  CHECK(table.at("docs.example.com") == "m1:4321");
  CHECK(table.at("nope.example.com") == "service_not_found");
  CHECK(table.at("0.example.com") == "invalid_port");
  CHECK(table.at("65536.example.com") == "invalid_port");
  CHECK(table.at("a.docs.example.com") == "route_not_found");
  CHECK(table.at("4096__example.com") == "route_not_found");
  CHECK(table.resolved("docs.example.com").project == "misha");
  CHECK(table.resolved("docs.example.com").route_id.empty());
  table.route("rt_1", {"docs.example.com"}, {"m2", "", "", 0});
  CHECK(table.at("docs.example.com") == "m2:3000");
  table.apply(DeleteDomain{"example.com"});
  CHECK(table.at("4096.example.com") == "route_not_found");
}

TEST_CASE("a name under a custom domain wins over a wildcard, which has what is left") {
  Filled table;
  table.domain("example.com", "misha");
  table.route("rt_1", {"*.example.com"}, {"m2", "", "", 0});
  CHECK(table.at("docs.example.com") == "m1:4321");
  CHECK(table.at("4096.example.com") == "m1:4096");
  CHECK(table.at("nope.example.com") == "m2:3000");
}

TEST_CASE("a domain under DOMAIN serves the names that the grammar does not know") {
  Filled table;
  table.domain("shop.iterate.app", "misha");
  CHECK(table.at("shop.iterate.app") == "m1:3000");
  CHECK(table.at("docs.shop.iterate.app") == "m1:4321");
}

TEST_CASE("* stands for one label, ** for one or more") {
  Filled table;
  table.route("one", {"*.a.com"}, {"m1", "", "", 0});
  table.route("many", {"**.b.com"}, {"m2", "", "", 0});
  CHECK(table.at("x.a.com") == "m1:3000");
  CHECK(table.at("x.y.a.com") == "route_not_found");
  CHECK(table.at("a.com") == "route_not_found");
  CHECK(table.at("x.b.com") == "m2:3000");
  CHECK(table.at("x.y.z.b.com") == "m2:3000");
  CHECK(table.at("b.com") == "route_not_found");
}

TEST_CASE("a wildcard may have a prefix and a suffix, and stands for one byte at least") {
  Filled table;
  table.route("p", {"*__misha.example.com", "app-*.example.com", "v*-beta.example.com"}, {"m2", "", "", 0});
  CHECK(table.at("4096__misha.example.com") == "m2:3000");
  CHECK(table.at("__misha.example.com") == "route_not_found");
  CHECK(table.at("app-1.example.com") == "m2:3000");
  CHECK(table.at("app-.example.com") == "route_not_found");
  CHECK(table.pattern("v2-beta.example.com") == "v*-beta.example.com");
  CHECK(table.at("v-beta.example.com") == "route_not_found");
  CHECK(table.at("other.example.com") == "route_not_found");
}

TEST_CASE("the longest wildcard has most literal labels, then most literal characters") {
  Filled table;
  table.route("w",
              {"*.example.com", "**.example.com", "*-b.example.com", "a*-b.example.com", "*.*.example.com",
               "a.*.example.com", "*.b.example.com", "**.long.example.com", "**.com"},
              {"m1", "", "", 0});
  CHECK(table.pattern("x.example.com") == "*.example.com");
  CHECK(table.pattern("x-b.example.com") == "*-b.example.com");
  CHECK(table.pattern("ax-b.example.com") == "a*-b.example.com");
  CHECK(table.pattern("x.y.example.com") == "*.*.example.com");
  CHECK(table.pattern("a.y.example.com") == "a.*.example.com");
  CHECK(table.pattern("x.b.example.com") == "*.b.example.com");
  CHECK(table.pattern("x.y.z.example.com") == "**.example.com");
  CHECK(table.pattern("x.long.example.com") == "**.long.example.com");
  CHECK(table.pattern("a.long.example.com") == "**.long.example.com");
  CHECK(table.pattern("x.other.com") == "**.com");
  // Equally long: the one that sorts first.
  CHECK(table.pattern("a.b.example.com") == "*.b.example.com");
}

TEST_CASE("an overwriting route takes patterns, and a route that is left with none is gone") {
  Filled table;
  table.route("old", {"a.com", "*.a.com"}, {"m1", "", "", 0});
  table.route("new", {"a.com"}, {"m2", "", "", 0}, "{}", true);
  CHECK(table.at("a.com") == "m2:3000");
  CHECK(table.at("x.a.com") == "m1:3000");
  table.route("new", {"a.com", "*.a.com"}, {"m2", "", "", 0}, "{}", true);
  CHECK(table.at("x.a.com") == "m2:3000");
  table.apply(DeleteRoute{"old"});
  CHECK(table.at("x.a.com") == "m2:3000");
  table.route("new", {"b.com"}, {"m2", "", "", 0});
  CHECK(table.at("a.com") == "route_not_found");
  CHECK(table.at("x.a.com") == "route_not_found");
  CHECK(table.at("b.com") == "m2:3000");
}

TEST_CASE("deleting a project takes its services and domains along, and frees its machine") {
  Filled table;
  table.domain("example.com", "misha");
  table.service("misha", "db", 5000, "m2");
  table.apply(DeleteProject{"misha"});
  CHECK(table.at("misha.iterate.app") == "project_not_found");
  CHECK(table.at("example.com") == "route_not_found");
  CHECK(table.index.machine("m1")->state == MachineState::kDetached);
  table.apply(DeleteMachine{"m1"});
  table.apply(DeleteMachine{"m2"});
  CHECK(table.index.machine("m1") == nullptr);
  CHECK(table.at("m2.machines.iterate.app") == "machine_not_found");
}

TEST_CASE("what the store would have refused does not harm the index") {
  Filled table;
  table.route("rt_1", {"a.com"}, {"m2", "", "", 0});
  table.apply(DeleteMachine{"m1"});
  table.apply(DeleteMachine{"m2"});
  table.route("rt_2", {"b.com"}, {"nobody", "", "", 0});
  table.domain("a.com", "misha");
  table.apply(DeleteProject{"nobody"});
  table.apply(AttachMachine{"misha", "nobody"});
  table.apply(DeleteService{"misha", "nobody"});
  table.apply(DeleteDomain{"a.com"});
  table.apply(DeleteRoute{"nobody"});
  CHECK(table.at("misha.iterate.app") == "m1:3000");
  CHECK(table.at("a.com") == "m2:3000");
  CHECK(table.at("b.com") == "route_not_found");
}

TEST_CASE("tokens open their own machine alone") {
  Filled table;
  table.apply(PutToken{Token{"t1", "m1", std::string(64, 'a'), "", 0}});
  table.apply(PutToken{Token{"t2", "m1", std::string(64, 'b'), "", 0}});
  CHECK(table.index.token_machine("m1", std::string(64, 'a')) == "m1");
  CHECK(table.index.token_machine("m1", std::string(64, 'b')) == "m1");
  CHECK(table.index.token_machine("m1", std::string(63, 'a') + "b").empty());
  CHECK(table.index.token_machine("m1", "").empty());
  CHECK(table.index.token_machine("m2", std::string(64, 'a')).empty());
  CHECK(table.index.token_machine("nobody", std::string(64, 'a')).empty());
  table.apply(DeleteToken{"m1", "t1"});
  CHECK(table.index.token_machine("m1", std::string(64, 'a')).empty());
  table.apply(PutToken{Token{"t2", "m1", std::string(64, 'c'), "", 0}});
  CHECK(table.index.token_machine("m1", std::string(64, 'b')).empty());
}

TEST_CASE("a machine's hosts are listed, its own first") {
  Filled table;
  table.domain("example.com", "misha");
  table.service("misha", "db", 5000, "m2");
  table.route("rt_1", {"a.com", "*.a.com"}, {"m1", "", "", 0});
  const std::vector<std::string> expected = {"m1.machines.iterate.app", "misha.iterate.app", "docs__misha.iterate.app",
                                             "example.com", "a.com"};
  CHECK(table.index.hosts_of("m1", "", 0) == expected);
  const std::vector<std::string> second = {"m2.machines.iterate.app", "db__misha.iterate.app"};
  CHECK(table.index.hosts_of("m2", "", 0) == second);
  CHECK(table.index.hosts_of("nobody", "", 0).empty());
  for (const std::string& host : expected) CHECK(table.resolved(host).machine == "m1");
}

}  // namespace
}  // namespace ingress::broker
