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
  made.policies.defaults = load_policy(R"({"auth":"public"})");
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

bool open(const RouteTable& table) {
  Resolution found;
  REQUIRE(table.read().resolve({"m1.machines.iterate.app"}, found).has_value());
  return found.policy.is_public();
}

TEST_CASE("other defaults are seen by whoever reads next, and reach both copies in the order of the changes") {
  RouteTable one(options());
  one.apply(put("m1"), {});
  const BrokerPolicies deny{load_policy(R"({"auth":"deny"})"), nullptr};
  one.set_policies(deny);
  CHECK_FALSE(open(one));
  SharedTable shared;
  shared.apply("m1");
  shared.table.set_policies(deny);  // the other copy may still be read
  CHECK(open(shared.table));
  shared.pass();
  CHECK_FALSE(open(shared.table));
  shared.pass();
  shared.apply("m2");
  CHECK_FALSE(open(shared.table));
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

TEST_CASE("what a change means to machines is told once, when it can be read and before it is acknowledged") {
  SharedTable shared;
  std::string told;
  shared.table.set_on_news([&shared, &told](const std::vector<MachineNews>& news) {
    for (const MachineNews& each : news) {
      CHECK(knows(shared.table.read(), each.machine));
      told += each.machine + "@" + std::to_string(shared.seen.size()) + " ";
    }
  });
  shared.table.fill(put("a"));
  shared.table.fill(put("b"));
  shared.apply("a");
  shared.apply("a");
  shared.apply("b");
  CHECK(told == "a@0 ");
  shared.pass();
  CHECK(told == "a@0 a@1 b@1 ");
  shared.pass();
  CHECK(told == "a@0 a@1 b@1 ");
}

TEST_CASE("other defaults touch every machine") {
  RouteTable one(options());
  std::vector<MachineNews> told;
  one.set_on_news([&told](const std::vector<MachineNews>& news) { told = news; });
  one.set_policies(BrokerPolicies{});
  REQUIRE(told.size() == 1);
  CHECK(told.front().kind == MachineNews::Kind::kEveryTouched);
}

}  // namespace
}  // namespace ingress::broker
