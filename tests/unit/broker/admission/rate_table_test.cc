#include "broker/admission/rate_table.h"

#include <doctest/doctest.h>

namespace ingress::broker {
namespace {

using std::chrono::milliseconds;

TEST_CASE("requests come in a burst, then at their rate, each name for itself") {
  RateTable table;
  RateRule rule;
  rule.requests_per_second = 2;
  rule.burst = 3;
  Time now{};
  now += milliseconds(5000);
  for (int i = 0; i < 3; ++i) CHECK(table.take(rule, "a", now).hold != nullptr);
  const RateTable::Taken refused = table.take(rule, "a", now);
  CHECK(refused.hold == nullptr);
  CHECK(refused.wait > milliseconds(400));
  CHECK(refused.wait < milliseconds(600));
  CHECK(table.take(rule, "b", now).hold != nullptr);
  CHECK(table.take(rule, "a", now + milliseconds(499)).hold == nullptr);
  CHECK(table.take(rule, "a", now + milliseconds(1100)).hold != nullptr);
  for (int i = 0; i < 3; ++i) CHECK(table.take(rule, "a", now + milliseconds(60000)).hold != nullptr);
  CHECK(table.take(rule, "a", now + milliseconds(60000)).hold == nullptr);
}

TEST_CASE("so many run at once, and a place is free when its hold goes") {
  RateTable table;
  RateRule rule;
  rule.streams = 2;
  const Time now{};
  auto first = table.take(rule, "a", now).hold;
  const auto second = table.take(rule, "a", now).hold;
  REQUIRE(second != nullptr);
  CHECK(table.take(rule, "a", now).hold == nullptr);
  first.reset();
  CHECK(table.take(rule, "a", now).hold != nullptr);
}

TEST_CASE("a refused request holds no place") {
  RateTable table;
  RateRule rule;
  rule.requests_per_second = 1;
  rule.burst = 1;
  rule.streams = 1;
  const Time now{};
  CHECK(table.take(rule, "a", now).hold != nullptr);
  CHECK(table.take(rule, "a", now).hold == nullptr);
  CHECK(table.take(rule, "a", now + milliseconds(1500)).hold != nullptr);
}

TEST_CASE("a second's worth of bytes passes at once, what follows waits as long as it takes") {
  RateTable table;
  RateRule rule;
  rule.bytes_per_second = 1000;
  Time now{};
  now += milliseconds(1000);
  const auto hold = table.take(rule, "a", now).hold;
  CHECK(hold->limits_bytes());
  CHECK(hold->take_bytes(1000, now).count() == 0);
  const Duration wait = hold->take_bytes(2000, now);
  CHECK(wait >= milliseconds(2000));
  CHECK(wait <= milliseconds(2001));
  CHECK(hold->take_bytes(0, now + wait).count() == 0);
}

TEST_CASE("bytes that pass all the time leave requests their rate") {
  RateTable table;
  RateRule rule;
  rule.requests_per_second = 10;
  rule.burst = 1;
  rule.bytes_per_second = 1000;
  Time now{};
  now += milliseconds(5000);
  const auto hold = table.take(rule, "a", now).hold;
  REQUIRE(hold != nullptr);
  CHECK(table.take(rule, "a", now).hold == nullptr);
  for (int i = 0; i < 100; ++i) {
    now += milliseconds(10);
    CHECK(hold->take_bytes(1, now).count() == 0);
  }
  CHECK(table.take(rule, "a", now).hold != nullptr);
  CHECK(table.take(rule, "a", now).hold == nullptr);
}

TEST_CASE("clients that hold nothing are forgotten where there are too many, and those in use never") {
  RateTable table;
  RateRule rule;
  rule.streams = 1;
  const Time now{};
  const auto kept = table.take(rule, "kept|", now).hold;
  for (size_t i = 0; i < RateTable::kMostBuckets + 10; ++i) {
    REQUIRE(table.take(rule, "m:80|" + std::to_string(i), now).hold != nullptr);
  }
  CHECK(table.size() <= RateTable::kMostBuckets + 1);
  CHECK(table.take(rule, "kept|", now).hold == nullptr);
}

TEST_CASE("a flood of clients leaves a route and a project what they owe") {
  RateTable table;
  RateRule rule;
  rule.requests_per_second = 0.001;
  rule.burst = 1;
  Time now{};
  now += milliseconds(5000);
  for (const char* name : {"m:80", "=p", "m:80|192.0.2.1"}) CHECK(table.take(rule, name, now).hold != nullptr);
  for (size_t i = 0; i < RateTable::kMostBuckets; ++i) {
    REQUIRE(table.take(rule, "m:80|" + std::to_string(i), now).hold != nullptr);
  }
  CHECK(table.size() < RateTable::kMostBuckets);
  CHECK(table.take(rule, "m:80", now).hold == nullptr);
  CHECK(table.take(rule, "=p", now).hold == nullptr);
}

TEST_CASE("names that were not used for a minute are forgotten where there are too many, whosever they are") {
  RateTable table;
  const RateRule rule;
  Time now{};
  for (size_t i = 0; i < RateTable::kMostBuckets; ++i) table.take(rule, std::to_string(i), now);
  now += milliseconds(60000);
  CHECK(table.take(rule, "late", now).hold != nullptr);
  CHECK(table.size() == 1);
}

}  // namespace
}  // namespace ingress::broker
