// The table of the design's section 2, host by host.
#include "tests/unit/broker/routing/index_fixture.h"

namespace ingress::broker {
namespace {

struct Filled : IndexFixture {
  Filled() {
    machine("mach_123", MachineState::kActive);
    machine("mach_9", MachineState::kDetached, 8080);
    machine("gone", MachineState::kArchived);
    project("misha", "mach_123");
    project("empty", "");
    service("misha", "docs", 4321);
    service("misha", "db", 5555, "mach_9");
  }
};

TEST_CASE("a machine's host is its default port, with a port before it that one") {
  const Filled table;
  CHECK(table.at("mach_123.machines.iterate.app") == "mach_123:3000");
  CHECK(table.at("4096__mach_123.machines.iterate.app") == "mach_123:4096");
  CHECK(table.at("mach_9.machines.iterate.app") == "mach_9:8080");
  CHECK(table.at("1__mach_9.machines.iterate.app") == "mach_9:1");
  CHECK(table.at("65535__mach_9.machines.iterate.app") == "mach_9:65535");
  CHECK(table.resolved("mach_123.machines.iterate.app").project.empty());
}

TEST_CASE("-- stands for __ and - for _ in a machine id") {
  const Filled table;
  CHECK(table.at("4096--mach-123.machines.iterate.app") == "mach_123:4096");
  CHECK(table.at("4096--mach_123.machines.iterate.app") == "mach_123:4096");
  CHECK(table.at("4096__mach-123.machines.iterate.app") == "mach_123:4096");
  CHECK(table.at("mach-123.machines.iterate.app") == "mach_123:3000");
  CHECK(table.at("4096--misha.iterate.app") == "mach_123:4096");
  CHECK(table.at("docs--misha.iterate.app") == "mach_123:4321");
}

TEST_CASE("an underscore does not stand for a hyphen of an id") {
  Filled table;
  table.machine("a-b");
  CHECK(table.at("a-b.machines.iterate.app") == "a-b:3000");
  CHECK(table.at("a_b.machines.iterate.app") == "machine_not_found");
}

TEST_CASE("a project's host is its machine at the project's default port") {
  Filled table;
  CHECK(table.at("misha.iterate.app") == "mach_123:3000");
  CHECK(table.at("4096__misha.iterate.app") == "mach_123:4096");
  CHECK(table.resolved("misha.iterate.app").project == "misha");
  table.project("pretty", "mach_9", 5000);
  CHECK(table.at("pretty.iterate.app") == "mach_9:5000");
}

TEST_CASE("a service has two forms, and may be on a machine of its own") {
  const Filled table;
  CHECK(table.at("docs.misha.iterate.app") == "mach_123:4321");
  CHECK(table.at("docs__misha.iterate.app") == "mach_123:4321");
  CHECK(table.at("db.misha.iterate.app") == "mach_9:5555");
  CHECK(table.at("db__misha.iterate.app") == "mach_9:5555");
  CHECK(table.resolved("docs.misha.iterate.app").service == "docs");
  CHECK(table.resolved("docs.misha.iterate.app").project == "misha");
}

TEST_CASE("case, trailing dot and port change nothing") {
  const Filled table;
  CHECK(table.at("4096__MACH_123.Machines.Iterate.App.:8443") == "mach_123:4096");
  CHECK(table.at("MISHA.ITERATE.APP") == "mach_123:3000");
}

TEST_CASE("a bad host is invalid_host") {
  const Filled table;
  for (const std::string_view host :
       {"", ".", "mi sha.iterate.app", "misha..iterate.app", ".misha.iterate.app", "[::1]", "misha.iterate.app:x"}) {
    CHECK(table.at(host) == "invalid_host");
  }
  CHECK(table.at(std::string(64, 'a') + ".iterate.app") == "invalid_host");
}

TEST_CASE("a port that is none is invalid_port") {
  const Filled table;
  for (const std::string prefix : {"0", "00", "080", "65536", "99999", "123456789012345"}) {
    CAPTURE(prefix);
    CHECK(table.at(prefix + "__misha.iterate.app") == "invalid_port");
    CHECK(table.at(prefix + "--misha.iterate.app") == "invalid_port");
    CHECK(table.at(prefix + "__nobody.iterate.app") == "invalid_port");
    CHECK(table.at(prefix + "__mach_123.machines.iterate.app") == "invalid_port");
    CHECK(table.at(prefix + "__nobody.machines.iterate.app") == "invalid_port");
  }
  for (const std::string prefix : {"", "x", "docs", "-1", "8a", "_"}) {
    CAPTURE(prefix);
    CHECK(table.at(prefix + "__mach_123.machines.iterate.app") == "invalid_port");
  }
}

TEST_CASE("a prefix that is neither a port nor a service of the project is invalid_port") {
  const Filled table;
  CHECK(table.at("nope__misha.iterate.app") == "invalid_port");
  CHECK(table.at("nope--misha.iterate.app") == "invalid_port");
  CHECK(table.at("__misha.iterate.app") == "invalid_port");
  CHECK(table.at("--misha.iterate.app") == "invalid_port");
  CHECK(table.at("docs__empty.iterate.app") == "invalid_port");
  CHECK(table.at("xn--misha.iterate.app") == "invalid_port");
}

TEST_CASE("what is not there is named by its kind") {
  const Filled table;
  CHECK(table.at("nobody.iterate.app") == "project_not_found");
  CHECK(table.at("4096__nobody.iterate.app") == "project_not_found");
  CHECK(table.at("docs__nobody.iterate.app") == "project_not_found");
  CHECK(table.at("docs.nobody.iterate.app") == "project_not_found");
  CHECK(table.at("nope.misha.iterate.app") == "service_not_found");
  CHECK(table.at("4096.misha.iterate.app") == "service_not_found");
  CHECK(table.at("nobody.machines.iterate.app") == "machine_not_found");
  CHECK(table.at("4096__nobody.machines.iterate.app") == "machine_not_found");
  CHECK(table.at("4096__.machines.iterate.app") == "machine_not_found");
  CHECK(table.at("4096__" + std::string(57, 'a') + ".machines.iterate.app") == "machine_not_found");
}

TEST_CASE("a slug of bad syntax is invalid_project_slug") {
  const Filled table;
  for (const std::string slug : {"mi_sha", "-misha", "misha-", "4096", "_"}) {
    CAPTURE(slug);
    CHECK(table.at(slug + ".iterate.app") == "invalid_project_slug");
    CHECK(table.at("docs." + slug + ".iterate.app") == "invalid_project_slug");
    CHECK(table.at("4096__" + slug + ".iterate.app") == "invalid_project_slug");
  }
  CHECK(table.at("4096__.iterate.app") == "invalid_project_slug");
  CHECK(table.at("4096__a__b.iterate.app") == "invalid_project_slug");
  CHECK(table.at(std::string(57, 'a') + ".iterate.app") == "invalid_project_slug");
  CHECK(table.at(std::string(56, 'a') + ".iterate.app") == "project_not_found");
}

TEST_CASE("reserved names, the domain itself, deeper and foreign names lead nowhere") {
  const Filled table;
  for (const std::string host :
       {"iterate.app", "www.iterate.app", "broker.iterate.app", "admin.iterate.app", "machines.iterate.app",
        "prj.iterate.app", "org.iterate.app", "a.www.iterate.app", "4096__admin.iterate.app",
        "a.docs.misha.iterate.app", "a.mach_123.machines.iterate.app", "a.b.c.d.iterate.app", "example.com",
        "misha.notiterate.app", "xiterate.app", "app", "127.0.0.1", "localhost"}) {
    CAPTURE(host);
    CHECK(table.at(host) == "route_not_found");
  }
}

TEST_CASE("a project without a machine and an archived machine are not routable") {
  Filled table;
  CHECK(table.at("empty.iterate.app") == "machine_not_routable");
  CHECK(table.at("4096__empty.iterate.app") == "machine_not_routable");
  CHECK(table.at("gone.machines.iterate.app") == "machine_not_routable");
  table.service("empty", "own", 9000, "mach_9");
  CHECK(table.at("own.empty.iterate.app") == "mach_9:9000");
  table.service("misha", "old", 9001, "gone");
  CHECK(table.at("old__misha.iterate.app") == "machine_not_routable");
}

TEST_CASE("starting, active and detached machines are routable, and the state is told") {
  IndexFixture table;
  table.machine("s", MachineState::kStarting);
  table.machine("a", MachineState::kActive);
  table.machine("d", MachineState::kDetached);
  CHECK(table.resolved("s.machines.iterate.app").machine_state == MachineState::kStarting);
  CHECK(table.resolved("a.machines.iterate.app").machine_state == MachineState::kActive);
  CHECK(table.resolved("d.machines.iterate.app").machine_state == MachineState::kDetached);
}

TEST_CASE("a suspended project is forbidden by every name, its machine's own too") {
  Filled table;
  table.domain("example.com", "misha");
  table.suspend("misha");
  for (const std::string host : {"misha.iterate.app", "4096__misha.iterate.app", "docs.misha.iterate.app",
                                 "docs__misha.iterate.app", "nope.misha.iterate.app", "example.com", "4096.example.com",
                                 "nope.example.com", "mach_123.machines.iterate.app"}) {
    CAPTURE(host);
    CHECK(table.at(host) == "forbidden");
  }
  CHECK(table.at("0__misha.iterate.app") == "invalid_port");
  CHECK(table.at("mach_9.machines.iterate.app") == "mach_9:8080");
  table.project("second", "mach_123");
  CHECK(table.at("mach_123.machines.iterate.app") == "mach_123:3000");
  table.suspend("misha", false);
  CHECK(table.at("misha.iterate.app") == "mach_123:3000");
}

TEST_CASE("several domains are served, the longest that fits first") {
  IndexFixture table({"iterate.app", "dev.iterate.app", "LOCALHOST"});
  table.machine("m");
  table.project("dev", "m", 1000);
  table.project("misha", "m", 2000);
  CHECK(table.at("misha.iterate.app") == "m:2000");
  CHECK(table.at("misha.dev.iterate.app") == "m:2000");
  CHECK(table.at("dev.iterate.app") == "route_not_found");
  CHECK(table.at("4096__dev.localhost:8443") == "m:4096");
  CHECK(table.at("localhost") == "route_not_found");
  CHECK(table.index.domains().size() == 3);
}

TEST_CASE("attaching another machine moves the project's hosts, and the old machine stays reachable") {
  Filled table;
  table.apply(AttachMachine{"misha", "mach_9"});
  CHECK(table.at("misha.iterate.app") == "mach_9:3000");
  CHECK(table.at("docs.misha.iterate.app") == "mach_9:4321");
  CHECK(table.at("mach_123.machines.iterate.app") == "mach_123:3000");
  CHECK(table.index.machine("mach_9")->state == MachineState::kActive);
  CHECK(table.index.machine("mach_123")->state == MachineState::kDetached);
  CHECK(table.index.project("misha")->machine == "mach_9");
  table.apply(AttachMachine{"misha", ""});
  CHECK(table.at("misha.iterate.app") == "machine_not_routable");
  CHECK(table.index.machine("mach_9")->state == MachineState::kDetached);
  CHECK(table.index.project("misha")->machine.empty());
}

TEST_CASE("the refusal says in words what is wrong") {
  const Filled table;
  const auto detail = [&table](std::string_view host) {
    std::vector<std::string> steps;
    return table.index.explain({host}, steps).error().detail;
  };
  CHECK(detail("nobody.iterate.app") == "there is no project \"nobody\"");
  CHECK(detail("empty.iterate.app") == "no machine is attached to project \"empty\"");
  CHECK(detail("99999__misha.iterate.app") == "\"99999\" is not a port: 1 to 65535, no leading zero");
  CHECK(detail("nope__misha.iterate.app") == "\"nope\" is neither a port nor a service of the project");
  CHECK(detail("gone.machines.iterate.app") == "machine \"gone\" is archived");
  CHECK(detail("other.example.com") == "no route leads to \"other.example.com\"");
  CHECK(detail("machines.iterate.app") == "\"machines\" is kept for the broker; only a route can hold it");
  CHECK(detail("a.b.machines.iterate.app") ==
        "no route leads to \"a.b.machines.iterate.app\"; only a route can hold it");
  CHECK(detail("a.b.misha.iterate.app") == "no route leads to \"a.b.misha.iterate.app\"");
}

TEST_CASE("explain tells each step") {
  const Filled table;
  std::vector<std::string> steps;
  REQUIRE(table.index.explain({"DOCS--misha.iterate.app:8443"}, steps).has_value());
  const std::vector<std::string> expected = {
      "host \"DOCS--misha.iterate.app:8443\" is read as \"docs--misha.iterate.app\"",
      "no route or custom domain holds exactly this name",
      "under iterate.app, it names a project, \"misha\", with \"docs\" before it",
      "project \"misha\" has machine \"mach_123\" attached",
      "service \"docs\" is port 4321",
      "it leads to port 4321 of machine \"mach_123\", which is active",
      "policy: auth public, host rewrite, origin preserve",
  };
  CHECK(steps == expected);
}

}  // namespace
}  // namespace ingress::broker
