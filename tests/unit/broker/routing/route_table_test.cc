#include "broker/routing/route_table.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace ingress::broker {
namespace {

RoutingOptions options() {
  RoutingOptions made;
  made.domains = {"iterate.app"};
  made.defaults.auth = Auth::kPublic;
  return made;
}

Transaction put(const std::string& id) {
  Machine machine;
  machine.id = id;
  Transaction transaction;
  transaction.changes.emplace_back(PutMachine{machine});
  return transaction;
}

bool knows(const RouteIndex& index, const std::string& id) { return index.machine(id) != nullptr; }

// A table of several readers, whose passing the test decides.
struct SharedTable {
  RouteTable table{options(), [this](std::function<void()> passed) { passing.push_back(std::move(passed)); }};
  std::vector<std::function<void()>> passing;
  std::string seen;  // in the order in which they became visible

  void apply(const std::string& id) {
    table.apply(put(id), [this, id] {
      CHECK(knows(table.read(), id));
      seen += id;
    });
  }
  void pass() {
    REQUIRE(passing.size() == 1);
    std::exchange(passing, {}).front()();
  }
};

TEST_CASE("with one reader a change is visible at once, and in the one copy") {
  RouteTable table(options());
  const RouteIndex& index = table.read();
  bool visible = false;
  table.apply(put("m1"), [&visible] { visible = true; });
  CHECK(visible);
  CHECK(&table.read() == &index);
  CHECK(knows(index, "m1"));
}

Auth default_auth(const RouteTable& table) {
  Resolution found;
  REQUIRE(table.read().resolve("m1.machines.iterate.app", found).has_value());
  return *found.policy.auth;
}

TEST_CASE("other defaults are seen by whoever reads next, and reach both copies in the order of the changes") {
  RouteTable one(options());
  one.apply(put("m1"), {});
  Policy deny;
  deny.auth = Auth::kDeny;
  one.set_defaults(deny);
  CHECK(default_auth(one) == Auth::kDeny);
  SharedTable shared;
  shared.apply("m1");
  shared.table.set_defaults(deny);  // the other copy may still be read
  CHECK(default_auth(shared.table) == Auth::kPublic);
  shared.pass();
  CHECK(default_auth(shared.table) == Auth::kDeny);
  shared.pass();
  shared.apply("m2");
  CHECK(default_auth(shared.table) == Auth::kDeny);
  CHECK(knows(shared.table.read(), "m2"));
}

TEST_CASE("a first change is visible at once, and what is being read does not change") {
  SharedTable shared;
  const RouteIndex& before = shared.table.read();
  shared.apply("a");
  CHECK(shared.seen == "a");
  CHECK_FALSE(knows(before, "a"));
  CHECK(&shared.table.read() != &before);
}

TEST_CASE("a change that comes while the other copy is read waits until it is not") {
  SharedTable shared;
  shared.apply("a");
  const RouteIndex& current = shared.table.read();
  shared.apply("b");
  shared.apply("c");
  CHECK(shared.seen == "a");
  CHECK_FALSE(knows(shared.table.read(), "b"));
  shared.pass();
  CHECK(shared.seen == "abc");
  CHECK_FALSE(knows(current, "b"));
  for (const char* id : {"a", "b", "c"}) CHECK(knows(shared.table.read(), id));
}

TEST_CASE("both copies are the same once all has passed") {
  SharedTable shared;
  shared.table.fill(put("first"));
  shared.apply("a");
  shared.pass();
  shared.apply("b");
  const RouteIndex& one = shared.table.read();
  shared.pass();
  shared.apply("c");
  const RouteIndex& other = shared.table.read();
  shared.pass();
  CHECK(&one != &other);
  for (const char* id : {"first", "a", "b", "c"}) {
    CHECK(knows(one, id));
    CHECK(knows(other, id));
  }
  CHECK(shared.passing.empty());
  CHECK(shared.seen == "abc");
}

}  // namespace
}  // namespace ingress::broker
