// Routes by path, captures in hosts and paths, and times to live.
#include "tests/unit/broker/routing/index_fixture.h"

namespace ingress::broker {
namespace {

struct Filled : IndexFixture {
  Filled() {
    for (const std::string id : {"m1", "m2", "m3", "m4"}) machine(id, MachineState::kActive);
    project("misha", "m1");
  }
  void owned(const std::string& id, const std::string& owner) {
    Machine record;
    record.id = id;
    record.owner = owner;
    apply(PutMachine{record});
  }
  void owned_route(const std::string& id, const std::string& text, const RouteTarget& target,
                   const std::string& owner) {
    Route record;
    record.id = id;
    record.owner = owner;
    record.patterns.push_back(read(text, target));
    apply(PutRoute{record});
  }
};

TEST_CASE("of one host's routes the longest literal path wins, and the host alone serves the rest") {
  Filled table;
  table.route("r1", {"a.com"}, {"m1", "", "", 0});
  table.route("r2", {"a.com/api/*"}, {"m2", "", "", 0});
  table.route("r3", {"a.com/api/v1/{x}"}, {"m3", "", "", 0});
  table.route("r4", {"a.com/api/v1/fixed"}, {"m4", "", "", 0});
  CHECK(table.at("a.com", "/") == "m1:3000");
  CHECK(table.at("a.com", "/apis") == "m1:3000");
  CHECK(table.at("a.com", "/api") == "m2:3000");
  CHECK(table.at("a.com", "/api/?q=/api/v1/fixed") == "m2:3000");
  CHECK(table.at("a.com", "/api/v1/one?x") == "m3:3000");
  CHECK(table.at("a.com", "/api/v1/one/two") == "m2:3000");
  CHECK(table.at("a.com", "/api/v1/fixed") == "m4:3000");
  table.apply(DeleteRoute{"r4"});
  CHECK(table.at("a.com", "/api/v1/fixed") == "m3:3000");
  table.apply(DeleteRoute{"r1"});
  CHECK(table.at("a.com", "/") == "route_not_found");
  CHECK(table.at("a.com", "/api/x") == "m2:3000");
}

TEST_CASE("no spelling of a path goes around its route") {
  Filled table;
  table.route("r1", {"a.com"}, {"m1", "", "", 0});
  table.route("r2", {"a.com/admin/*"}, {"m2", "", "", 0});
  for (const std::string_view same : {"/admin", "/admin/", "//admin", "/%61dmin/x", "/a%64min//x", "/admin/x;y=1"}) {
    CAPTURE(same);
    CHECK(table.at("a.com", same) == "m2:3000");
  }
  for (const std::string_view unclear : {"/x/../admin", "/./admin", "/%2e/admin", "/x/%2E%2e/admin", "/x%2f..%2fadmin",
                                         "/x%5cadmin", "/x\\admin", "/..;/admin", "/%", "/%4", "/%zz", "/a%00"}) {
    CAPTURE(unclear);
    CHECK(table.at("a.com", unclear) == "bad_request");
  }
  // Where no route looks at paths they pass as they are.
  CHECK(table.at("misha.iterate.app", "/x/../admin%2f%zz") == "m1:3000");
}

TEST_CASE("an encoded *, { or % of a route's path is that byte of a request's, and nothing else") {
  Filled table;
  table.route("r1", {"a.com/pub/%2A", "a.com/%7Bx%7D", "a.com/%2541", "a.com/100%25"}, {"m2", "", "", 0});
  for (const std::string_view same : {"/pub/*", "/pub/%2a", "/{x}", "/%7bx%7D", "/%2541", "/100%25"}) {
    CAPTURE(same);
    CHECK(table.at("a.com", same) == "m2:3000");
  }
  for (const std::string_view other : {"/pub", "/pub/x", "/pub/*/x", "/x", "/A", "/%41", "/100", "/%7Bx"}) {
    CAPTURE(other);
    CHECK(table.at("a.com", other) == "route_not_found");
  }
}

TEST_CASE("a path that is kept with its bytes themselves leads where it led") {
  Filled table;
  Route record;
  record.id = "r1";
  record.patterns.push_back({"a.com/a b/\xc3\xa4/w?", {"m2", "", "", 0}, "{}", ""});
  table.apply(PutRoute{record});
  CHECK(table.at("a.com", "/a%20b/%c3%A4/w%3F") == "m2:3000");
}

TEST_CASE("a host whose paths do not fit leaves it to the grammar and to shorter wildcards") {
  Filled table;
  table.route("r1", {"misha.iterate.app/only/*"}, {"m2", "", "", 0});
  CHECK(table.at("misha.iterate.app", "/only/x") == "m2:3000");
  CHECK(table.at("misha.iterate.app", "/other") == "m1:3000");
  table.route("r2", {"*.b.com/deep/*"}, {"m3", "", "", 0});
  table.route("r3", {"**.com"}, {"m4", "", "", 0});
  CHECK(table.at("x.b.com", "/deep") == "m3:3000");
  CHECK(table.at("x.b.com", "/") == "m4:3000");
  CHECK(table.at("x.b.com", "/%2e") == "bad_request");
  table.domain("c.com", "misha");
  table.route("r4", {"c.com/api/*"}, {"m2", "", "", 0});
  CHECK(table.at("c.com", "/api/1") == "m2:3000");
  CHECK(table.at("c.com", "/") == "m1:3000");
  CHECK(table.at("4000.c.com", "/api/1") == "m1:4000");
}

TEST_CASE("captures name a machine among those of the route's owner, and nobody else's") {
  Filled table;
  table.project("other", "m2");
  table.owned("ws-a-bob", "misha");
  table.owned("ws-b-bob", "other");
  table.owned("ws-c-bob", "");
  table.owned_route("r1", "ide.com/connect/{project}/{user}/*", {"ws-{project}-{user}", "", "", 0}, "misha");
  CHECK(table.at("ide.com", "/connect/a/bob/x") == "ws-a-bob:3000");
  CHECK(table.at("ide.com", "/connect/b/bob/x") == "machine_not_found");
  CHECK(table.at("ide.com", "/connect/c/bob/x") == "machine_not_found");
  CHECK(table.at("ide.com", "/connect/none/bob/x") == "machine_not_found");
  CHECK(table.at("ide.com", "/connect/a-bob/x/y") == "machine_not_found");
  const Resolution found = table.resolved("ide.com", "/connect/a/b%6fb/x");
  CHECK(found.captures.value("project") == "a");
  CHECK(found.captures.value("user") == "bob");
  CHECK(found.captures.value("nothing").empty());
  // What is attached to the owner is its own, too.
  table.project("third", "ws-c-bob");
  table.owned_route("r2", "{name}.third.com", {"{name}", "", "", 0}, "third");
  CHECK(table.at("WS-C-Bob.third.com") == "ws-c-bob:3000");
  CHECK(table.at("m1.third.com") == "machine_not_found");
}

TEST_CASE("a captured machine is found by its id alone, no `-` for `_`: a user a_b is not a user a-b") {
  Filled table;
  table.owned("ws-a_b", "misha");
  table.owned_route("r1", "ide.com/connect/{user}/*", {"ws-{user}", "", "", 0}, "misha");
  table.owned_route("r2", "{name}.ide.com", {"{name}", "", "", 0}, "misha");
  CHECK(table.at("ide.com", "/connect/a_b/x") == "ws-a_b:3000");
  CHECK(table.at("ide.com", "/connect/a-b/x") == "machine_not_found");
  CHECK(table.at("ws-a_b.ide.com") == "ws-a_b:3000");
  CHECK(table.at("ws-a-b.ide.com") == "machine_not_found");
}

TEST_CASE("a route of the operator finds the operator's machines, projects, and services by captures") {
  Filled table;
  table.service("misha", "docs", 4321);
  table.owned("theirs", "misha");
  table.route("r1", {"{repl}.peet.com"}, {"{repl}", "", "", 0});
  CHECK(table.at("m3.peet.com") == "m3:3000");
  CHECK(table.at("theirs.peet.com") == "machine_not_found");
  table.route("r2", {"{p}.app.com", "{s}.{p}.app.com"}, {"", "{p}", "", 0});
  CHECK(table.at("misha.app.com") == "m1:3000");
  CHECK(table.at("nobody.app.com") == "project_not_found");
  table.route("r3", {"{s}--x.svc.com"}, {"", "misha", "{s}", 0});
  CHECK(table.at("docs--x.svc.com") == "m1:4321");
  CHECK(table.at("none--x.svc.com") == "service_not_found");
}

TEST_CASE("a service of the owner tells the port of a machine that is found by captures") {
  Filled table;
  table.service("misha", "lab", 8888);
  table.owned("ws-bob", "misha");
  table.owned_route("r1", "ide.com/{user}/{ide}/*", {"ws-{user}", "", "{ide}", 0}, "misha");
  CHECK(table.at("ide.com", "/bob/lab/x") == "ws-bob:8888");
  CHECK(table.at("ide.com", "/bob/none/x") == "service_not_found");
}

TEST_CASE("what has expired is told of for a day, to the second, and is not there after that") {
  Filled table;
  Route record;
  record.id = "r1";
  record.expires_at = 1000;
  record.patterns.push_back(table.read("a.com", {"m1", "", "", 0}));
  table.apply(PutRoute{record});
  table.route("r2", {"*.com"}, {"m2", "", "", 0});
  CHECK(table.at("a.com", "/", 999) == "m1:3000");
  CHECK(table.at("a.com", "/", 1000) == "route_expired");
  CHECK(table.at("a.com", "/", 1000 + 86399) == "route_expired");
  CHECK(table.at("a.com", "/", 1000 + 86400) == "m2:3000");
  record.expires_at = 5000;
  table.apply(PutRoute{record});
  CHECK(table.at("a.com", "/", 1000) == "m1:3000");
  Machine machine = *table.index.machine("m1");
  machine.expires_at = 2000;
  table.apply(PutMachine{machine});
  CHECK(table.at("a.com", "/", 2000) == "route_expired");
  CHECK(table.at("m1.machines.iterate.app", "/", 2000) == "route_expired");
  CHECK(table.at("m1.machines.iterate.app", "/", 2000 + 86400) == "machine_not_found");
  Resolution out;
  REQUIRE(table.index.resolve({"a.com", "/", 1999}, out).has_value());
  CHECK(out.expires_at == 2000);
}

TEST_CASE("shares go with their machine") {
  Filled table;
  Share share;
  share.id = "sh_1";
  share.machine = "m4";
  table.apply(PutShare{share});
  share.label = "again";
  table.apply(PutShare{share});
  REQUIRE(table.index.share("sh_1") != nullptr);
  CHECK(table.index.share("sh_1")->label == "again");
  table.apply(DeleteMachine{"m4"});
  CHECK(table.index.share("sh_1") == nullptr);
  share.machine = "m3";
  table.apply(PutShare{share});
  table.apply(DeleteShare{"sh_1"});
  CHECK(table.index.share("sh_1") == nullptr);
}

TEST_CASE("a project's other names lead to its custom domain where its policy says so") {
  Filled table;
  table.service("misha", "docs", 4321);
  CHECK(table.resolved("misha.iterate.app").canonical_host.empty());
  table.project("new", "m2", 3000, R"({"canonical":"redirect"})");
  table.service("new", "docs", 4321);
  CHECK(table.resolved("new.iterate.app").canonical_host.empty());
  table.domain("new.com", "new");
  CHECK(table.resolved("new.iterate.app").canonical_host == "new.com");
  CHECK(table.resolved("4096--new.iterate.app").canonical_host == "4096.new.com");
  CHECK(table.resolved("docs.new.iterate.app").canonical_host == "docs.new.com");
  CHECK(table.resolved("new.com").canonical_host.empty());
  CHECK(table.resolved("docs.new.com").canonical_host.empty());
  CHECK(table.resolved("m2.machines.iterate.app").canonical_host.empty());
}

TEST_CASE("of several custom domains the first by name is where the others lead") {
  Filled table;
  table.project("new", "m2", 3000, R"({"canonical":"redirect"})");
  table.service("new", "docs", 4321);
  table.domain("www.new.com", "new");
  table.domain("new.com", "new");
  const auto canonical = [&table](const char* host, const char* target = "/") {
    return table.resolved(host, target).canonical_host;
  };
  CHECK(canonical("new.com").empty());
  CHECK(canonical("4096.new.com").empty());
  CHECK(canonical("www.new.com") == "new.com");
  CHECK(canonical("4096.www.new.com") == "4096.new.com");
  CHECK(canonical("docs.www.new.com") == "docs.new.com");
  CHECK(canonical("docs__new.iterate.app") == "docs.new.com");
  CHECK(table.at("none.www.new.com") == "service_not_found");
  table.route("r1", {"new.com/api/*"}, {"m3", "", "", 0});
  CHECK(canonical("www.new.com", "/api/x").empty());
  table.domain("a.com", "new");
  CHECK(canonical("new.com") == "a.com");
  table.apply(DeleteDomain{"a.com"});
  table.domain("new.com", "misha");  // moved
  CHECK(canonical("www.new.com").empty());
  CHECK(canonical("new.iterate.app") == "www.new.com");
  table.apply(DeleteDomain{"www.new.com"});
  CHECK(canonical("new.iterate.app").empty());
}

TEST_CASE("a custom domain that is spelled otherwise is not sent to itself") {
  Filled table;
  table.project("new", "m2", 3000, R"({"canonical":"redirect"})");
  table.domain("a__b.com", "new");
  CHECK(table.resolved("a--b.com").canonical_host.empty());
  table.domain("a.com", "new");
  CHECK(table.resolved("a--b.com").canonical_host == "a.com");
}

TEST_CASE("no name of a project leads to itself") {
  IndexFixture table({"iterate.app", "other.test"});
  table.machine("m1");
  table.project("misha", "m1", 3000, R"({"canonical":"redirect"})");
  table.service("misha", "docs", 4321);
  table.domain("misha.iterate.app", "misha");
  const auto canonical = [&table](const char* host) { return table.resolved(host).canonical_host; };
  CHECK(canonical("misha.iterate.app").empty());
  CHECK(canonical("docs.misha.iterate.app").empty());
  CHECK(canonical("4096.misha.iterate.app").empty());
  CHECK(canonical("docs__misha.iterate.app") == "docs.misha.iterate.app");
  CHECK(canonical("docs.misha.other.test") == "docs.misha.iterate.app");
  CHECK(canonical("misha.other.test") == "misha.iterate.app");
}

TEST_CASE("no name of a project leads to one that is another's, or another port's, for that path") {
  Filled table;
  table.project("new", "m2", 3000, R"({"canonical":"redirect"})");
  table.service("new", "docs", 4321);
  table.domain("new.com", "new");
  table.domain("docs.new.com", "misha");
  table.route("r1", {"4096.new.com/api/*"}, {"m3", "", "", 0});
  table.route("r2", {"5000.new.com"}, {"", "new", "", 5001});
  const auto canonical = [&table](const char* host, const char* target = "/") {
    return table.resolved(host, target).canonical_host;
  };
  CHECK(canonical("new.iterate.app") == "new.com");
  CHECK(canonical("docs__new.iterate.app").empty());
  CHECK(canonical("4096__new.iterate.app") == "4096.new.com");
  CHECK(canonical("4096__new.iterate.app", "/api/x").empty());
  CHECK(canonical("5000__new.iterate.app").empty());
  table.apply(DeleteDomain{"docs.new.com"});
  CHECK(canonical("docs__new.iterate.app") == "docs.new.com");
}

}  // namespace
}  // namespace ingress::broker
