// When a machine's webhook is called, by a clock that the tests move.
#include "broker/wake/wake_plan.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ingress;
using namespace ingress::broker;

namespace {

using Names = std::vector<std::string>;

struct Bench {
  void want(const std::string& machine, const std::string& url = "https://a.example/") {
    plan.want({machine, url, machine + ".example"});
  }
  Names due() {
    Names names;
    for (const DueWake& call : plan.due(now)) names.push_back(call.machine);
    return names;
  }
  void called(const std::string& machine, bool woken, double chance = 0.5) { plan.called(machine, woken, now, chance); }
  // The time until due() has something to do.
  Duration until_next() const {
    REQUIRE(plan.next().has_value());
    return *plan.next() - now;
  }

  WakePlan plan;
  Time now{Duration(1'000'000)};
};

}  // namespace

TEST_CASE("one call is made for however many wait, and it names what the last of them asked for") {
  Bench bench;
  bench.want("mach_1", "https://old.example/");
  for (int i = 0; i < 99; ++i) bench.want("mach_1", "https://new.example/");
  const std::vector<DueWake> calls = bench.plan.due(bench.now);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].machine == "mach_1");
  CHECK(calls[0].url == "https://new.example/");
  CHECK(calls[0].host == "mach_1.example");
  CHECK(calls[0].waiting == 100);
  // While it is under way, who comes or goes changes nothing.
  bench.want("mach_1");
  bench.plan.leave("mach_1");
  CHECK(bench.due().empty());
  CHECK_FALSE(bench.plan.next().has_value());
}

TEST_CASE("each machine has a call of its own") {
  Bench bench;
  bench.want("mach_1");
  bench.want("mach_2");
  bench.want("mach_1");
  CHECK(bench.due() == Names{"mach_1", "mach_2"});
}

TEST_CASE("after a failure the pause is a random part of 1 s, 2 s, 4 s and so on up to 30 s") {
  Bench bench;
  bench.want("mach_1");
  for (const int most : {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000}) {
    CAPTURE(most);
    REQUIRE(bench.due() == Names{"mach_1"});
    bench.called("mach_1", false, 0.75);
    CHECK(bench.until_next() == Duration(most * 3 / 4));
    bench.now = *bench.plan.next() - Duration(1);
    CHECK(bench.due().empty());
    bench.now += Duration(1);
  }
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(bench.due() == Names{"mach_1"});
    bench.called("mach_1", false, 0.999);
    bench.now = *bench.plan.next();
  }
}

TEST_CASE("nobody waiting ends the calls, and the pause that runs holds for who comes next") {
  Bench bench;
  bench.want("mach_1");
  REQUIRE(bench.due() == Names{"mach_1"});
  bench.called("mach_1", false, 0.5);
  bench.plan.leave("mach_1");
  bench.now += Duration(499);
  bench.want("mach_1");
  CHECK(bench.due().empty());
  CHECK(bench.until_next() == Duration(1));
  bench.plan.leave("mach_1");
  bench.now += Duration(10'000);
  CHECK(bench.due().empty());
  CHECK(bench.plan.known() == 1);
  // The next failure's pause is the second one.
  bench.want("mach_1");
  REQUIRE(bench.due() == Names{"mach_1"});
  bench.called("mach_1", false, 0.5);
  CHECK(bench.until_next() == Duration(1000));
}

TEST_CASE("who leaves before a call has begun is not called for") {
  Bench bench;
  bench.want("mach_1");
  bench.plan.leave("mach_1");
  CHECK(bench.due().empty());
}

TEST_CASE("who may not wait has the machine called once, and not within a pause") {
  Bench bench;
  const auto ask = [&bench] { bench.plan.ask({"mach_1", "https://a.example/", "a"}, bench.now); };
  ask();
  ask();
  CHECK(bench.due() == Names{"mach_1"});
  ask();
  CHECK(bench.due().empty());
  bench.called("mach_1", false, 0.5);
  ask();
  bench.now += Duration(500);
  CHECK(bench.due().empty());
  ask();
  CHECK(bench.due() == Names{"mach_1"});
  bench.called("mach_1", true);
  bench.now += WakePlan::kQuiet;
  CHECK(bench.due().empty());
  ask();
  bench.plan.came("mach_1", bench.now);
  bench.now += WakePlan::kSettle;
  CHECK(bench.due().empty());
}

TEST_CASE("after a success nobody is called within the quiet time, and then only while somebody waits") {
  Bench bench;
  bench.want("mach_1");
  REQUIRE(bench.due() == Names{"mach_1"});
  bench.called("mach_1", true);
  bench.want("mach_1");
  CHECK(bench.until_next() == WakePlan::kQuiet);
  bench.now += WakePlan::kQuiet - Duration(1);
  CHECK(bench.due().empty());
  bench.now += Duration(1);
  CHECK(bench.due() == Names{"mach_1"});
  bench.called("mach_1", true);
  bench.plan.leave("mach_1");
  bench.plan.leave("mach_1");
  bench.now += WakePlan::kQuiet;
  CHECK(bench.due().empty());
}

TEST_CASE("a machine counts as starting from a success until it comes, or for a while") {
  Bench bench;
  bench.want("mach_1");
  REQUIRE(bench.due() == Names{"mach_1"});
  CHECK_FALSE(bench.plan.starting("mach_1", bench.now));
  bench.called("mach_1", true);
  bench.plan.leave("mach_1");
  CHECK(bench.plan.starting("mach_1", bench.now));
  CHECK_FALSE(bench.plan.starting("mach_2", bench.now));
  CHECK(bench.plan.starting("mach_1", bench.now + WakePlan::kStarting - Duration(1)));
  CHECK_FALSE(bench.plan.starting("mach_1", bench.now + WakePlan::kStarting));
  bench.plan.came("mach_1", bench.now);
  CHECK_FALSE(bench.plan.starting("mach_1", bench.now));
}

TEST_CASE("a failure after a success leaves the machine starting") {
  Bench bench;
  bench.want("mach_1");
  REQUIRE(bench.due() == Names{"mach_1"});
  bench.called("mach_1", true);
  bench.now += WakePlan::kQuiet;
  REQUIRE(bench.due() == Names{"mach_1"});
  bench.called("mach_1", false);
  CHECK(bench.plan.starting("mach_1", bench.now));
}

TEST_CASE("a machine that comes while it is called is not called again by those who are about to leave") {
  for (const bool woken : {true, false}) {
    CAPTURE(woken);
    Bench bench;
    bench.want("mach_1");
    REQUIRE(bench.due() == Names{"mach_1"});
    bench.plan.came("mach_1", bench.now);
    bench.called("mach_1", woken, 0);
    CHECK_FALSE(bench.plan.starting("mach_1", bench.now));
    bench.now += WakePlan::kSettle - Duration(1);
    CHECK(bench.due().empty());
    bench.plan.leave("mach_1");
    bench.now += WakePlan::kQuiet;
    CHECK(bench.due().empty());
  }
}

TEST_CASE("a machine that came and is gone again is called again soon, its failures forgotten") {
  Bench bench;
  bench.want("mach_1");
  for (int i = 0; i < 6; ++i) {
    REQUIRE(bench.due() == Names{"mach_1"});
    bench.called("mach_1", false, 0);
  }
  bench.plan.came("mach_1", bench.now);
  bench.plan.leave("mach_1");
  bench.now += Duration(5000);
  bench.want("mach_1");
  REQUIRE(bench.due() == Names{"mach_1"});
  bench.called("mach_1", false, 0.5);
  CHECK(bench.until_next() == Duration(500));
}

TEST_CASE("as many calls are under way as may be, and the next begins when one has ended") {
  Bench bench;
  for (size_t i = 0; i <= WakePlan::kMostCalls; ++i) bench.want("mach_" + std::to_string(i));
  const Names first = bench.due();
  REQUIRE(first.size() == WakePlan::kMostCalls);
  CHECK(bench.due().empty());
  CHECK_FALSE(bench.plan.next().has_value());
  bench.called(first[7], true);
  CHECK(bench.due().size() == 1);
}

TEST_CASE("what is known of machines is forgotten when it says nothing any more") {
  Bench bench;
  for (const bool woken : {true, false}) {
    bench.want("mach_1");
    REQUIRE(bench.due() == Names{"mach_1"});
    bench.called("mach_1", woken);
    bench.plan.leave("mach_1");
    while (bench.plan.next()) {
      bench.now = *bench.plan.next();
      CHECK(bench.due().empty());
    }
    CHECK(bench.plan.known() == 0);
  }
  bench.plan.came("mach_1", bench.now);
  CHECK(bench.plan.known() == 0);
}
