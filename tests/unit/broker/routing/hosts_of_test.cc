// Which hosts of a machine concern a project.
#include <algorithm>

#include "tests/unit/broker/routing/index_fixture.h"

namespace ingress::broker {
namespace {

struct Shared : IndexFixture {
  Shared() {
    machine("m1", MachineState::kActive);
    project("one", "m1");
    project("two", "m1");
    project("three", "");
    service("one", "docs", 4321);
    service("three", "api", 4000, "m1");
    domain("two.example.com", "two");
    owned("rt_one", "one", {"own.example.com", {"m1", "", "", 0}, "{}"});
    owned("rt_op", "", {"ops.example.com", {"m1", "", "", 0}, "{}"});
  }
  void owned(const std::string& id, const std::string& owner, const RoutePattern& pattern) {
    Route route;
    route.id = id;
    route.owner = owner;
    route.patterns = {pattern};
    apply(PutRoute{route, true, false});
  }
};

using Hosts = std::vector<std::string>;

TEST_CASE("a project is told of a machine's own hosts, its own, and those of its routes") {
  Shared table;
  CHECK(table.index.hosts_of("m1", "one", 0) ==
        Hosts{"m1.machines.iterate.app", "one.iterate.app", "docs__one.iterate.app", "own.example.com"});
  CHECK(table.index.hosts_of("m1", "two", 0) == Hosts{"m1.machines.iterate.app", "two.iterate.app", "two.example.com"});
  CHECK(table.index.hosts_of("m1", "three", 0) == Hosts{"m1.machines.iterate.app", "api__three.iterate.app"});
  CHECK(table.index.hosts_of("m1", "", 0).size() == 8);
}

TEST_CASE("of a machine's very many routes the newest are looked at") {
  Shared table;
  for (int i = 0; i < 1023; ++i) {
    table.owned("rt_" + std::to_string(i), "two", {"h" + std::to_string(i) + ".example.org", {"m1", "", "", 0}, "{}"});
  }
  const auto shows_own = [&table] {
    const Hosts hosts = table.index.hosts_of("m1", "one", 0);
    return std::find(hosts.begin(), hosts.end(), "new.example.com") != hosts.end();
  };
  table.owned("rt_new", "one", {"new.example.com", {"m1", "", "", 0}, "{}"});
  CHECK(shows_own());
  for (int i = 0; i < 1024; ++i) {
    table.owned("rt_x" + std::to_string(i), "two", {"x" + std::to_string(i) + ".example.org", {"m1", "", "", 0}, "{}"});
  }
  CHECK_FALSE(shows_own());
}

TEST_CASE("a project is on a machine by its attachment, or by a service") {
  Shared table;
  table.machine("m2", MachineState::kActive);
  CHECK(table.index.is_on("one", "m1"));
  CHECK(table.index.is_on("three", "m1"));
  CHECK_FALSE(table.index.is_on("one", "m2"));
  CHECK(table.index.is_on("one", "m1", 5000));
  CHECK(table.index.is_on("three", "m1", 4000));
  CHECK_FALSE(table.index.is_on("three", "m1", 5000));
  CHECK_FALSE(table.index.is_on("nobody", "m1"));
  CHECK_FALSE(table.index.is_on("one", "nothing"));
}

TEST_CASE("a name for a machine's port by a service of the route's owner is among its hosts") {
  Shared table;
  table.owned("rt_service", "one", {"svc.example.com", {"m1", "", "docs", 0}, "{}"});
  const Hosts hosts = table.index.hosts_of("m1", "", 0);
  CHECK(std::find(hosts.begin(), hosts.end(), "svc.example.com") != hosts.end());
}

}  // namespace
}  // namespace ingress::broker
