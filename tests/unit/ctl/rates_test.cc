#include "ctl/rates.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

Json row(const char* machine, int requests, int errors, int in, int out, int open, std::vector<int> counts) {
  return {{"machine", machine},
          {"requests", requests},
          {"errors", errors},
          {"bytesIn", in},
          {"bytesOut", out},
          {"open", open},
          {"firstByteCounts", std::move(counts)}};
}

Counted counted(double at_ms, std::vector<Json> items) {
  Counted result;
  result.at_ms = at_ms;
  result.bounds_ms = {10, 100};
  result.items = std::move(items);
  return result;
}

TEST_CASE("rates are what was added, a second, the busiest machine first") {
  const Json found =
      rates(counted(1000, {row("a", 10, 0, 0, 0, 0, {10, 0, 0}), row("b", 0, 0, 0, 0, 0, {0, 0, 0})}),
            counted(3000, {row("a", 12, 1, 10, 100, 3, {10, 2, 0}), row("b", 8, 0, 0, 0, 0, {8, 0, 0})}));
  REQUIRE(found.size() == 2);
  CHECK(found[0]["machine"] == "b");
  CHECK(found[0]["requestsPerSecond"] == 4.0);
  CHECK(found[1]["requestsPerSecond"] == 1.0);
  CHECK(found[1]["errorsPerSecond"] == 0.5);
  CHECK(found[1]["bytesInPerSecond"] == 5.0);
  CHECK(found[1]["bytesOutPerSecond"] == 50.0);
  CHECK(found[1]["open"] == 3);
}

TEST_CASE("quantiles are of the answers in between, linear in their bucket, and none without any") {
  const Counted before = counted(0, {row("a", 0, 0, 0, 0, 0, {5, 5, 5})});
  const Json some = rates(before, counted(1000, {row("a", 0, 0, 0, 0, 0, {15, 5, 5})}))[0];
  CHECK(some["p50Ms"] == 5.0);
  CHECK(some["p99Ms"] == 9.9);
  const Json slow = rates(before, counted(1000, {row("a", 0, 0, 0, 0, 0, {5, 7, 7})}))[0];
  CHECK(slow["p50Ms"] == 100.0);
  CHECK(slow["p99Ms"] == 100.0);
  CHECK(rates(before, counted(1000, before.items.get<std::vector<Json>>()))[0]["p50Ms"].is_null());
}

TEST_CASE("a machine that is new, or that was forgotten and came back, counts from zero") {
  const Json found =
      rates(counted(0, {row("back", 100, 0, 0, 0, 0, {100, 0, 0})}),
            counted(1000, {row("back", 2, 0, 0, 0, 0, {2, 0, 0}), row("new", 3, 0, 0, 0, 0, {3, 0, 0})}));
  CHECK(found[0]["machine"] == "new");
  CHECK(found[0]["requestsPerSecond"] == 3.0);
  CHECK(found[1]["requestsPerSecond"] == 2.0);
}

TEST_CASE("an answer of something else has no rates and does no harm") {
  CHECK(rates({}, {}).empty());
  const Json odd =
      rates({}, counted(0, {Json{{"machine", 7}, {"requests", "x"}, {"firstByteCounts", {"y"}}}, Json(3)}));
  CHECK(odd[0]["requestsPerSecond"] == 0.0);
  Counted measure;
  read_measure(Json{{"at", "x"}, {"firstByteBoundsMs", {1, "y"}}}, measure);
  CHECK(measure.at_ms == 0);
  CHECK(measure.bounds_ms == std::vector<double>{1, 0});
}

TEST_CASE("numbers are short") {
  CHECK(short_number(0) == "0");
  CHECK(short_number(0.25) == "0.2");
  CHECK(short_number(7) == "7");
  CHECK(short_number(99.94) == "99.9");
  CHECK(short_number(100.4) == "100");
  CHECK(short_number(999.4) == "999");
  CHECK(short_number(999.6) == "1.0k");
  CHECK(short_number(1234) == "1.2k");
  CHECK(short_number(35'000'000) == "35M");
}

}  // namespace
}  // namespace ingress::ctl
