#include "broker/admin/traffic_history.h"

#include <doctest/doctest.h>

namespace ingress::broker::admin {
namespace {

LoopCounts loop_with(int requests, uint64_t bytes) {
  LoopCounts counts;
  counts.exchanges = 3;
  counts.tunnels = 2;
  counts.traffic.bytes_out = bytes;
  ExchangeRecord record;
  record.status = 502;
  record.times.first_byte = Micros(400);
  for (int i = 0; i < requests; ++i) counts.traffic.add(record);
  return counts;
}

TEST_CASE("a step is what came since the one before, of all loops") {
  TrafficHistory history;
  history.take({loop_with(5, 100), loop_with(1, 0)}, 1000);
  CHECK(history.steps().empty());
  history.take({loop_with(9, 150), loop_with(2, 10)}, 6000);
  REQUIRE(history.steps().size() == 1);
  const TrafficHistory::Step& step = history.steps().back();
  CHECK(step.at == 6000);
  CHECK(step.ms == 5000);
  CHECK(step.requests[static_cast<size_t>(StatusClass::k5xx)] == 5);
  CHECK(step.requests[static_cast<size_t>(StatusClass::k2xx)] == 0);
  CHECK(step.first_byte[2] == 5);
  CHECK(step.bytes_out == 60);
  CHECK(step.open == 6);
  CHECK(step.tunnels == 4);
}

TEST_CASE("a clock that is set back makes no step, and the next one counts from there") {
  TrafficHistory history;
  history.take({loop_with(0, 0)}, 9000);
  history.take({loop_with(4, 0)}, 2000);
  CHECK(history.steps().empty());
  history.take({loop_with(6, 0)}, 7000);
  REQUIRE(history.steps().size() == 1);
  CHECK(history.steps().back().requests[5] == 2);
}

TEST_CASE("steps are kept for an hour") {
  TrafficHistory history;
  for (size_t i = 0; i <= TrafficHistory::kMostSteps + 5; ++i) history.take({}, 1000 + static_cast<int64_t>(i) * 5000);
  CHECK(history.steps().size() == TrafficHistory::kMostSteps);
  CHECK(history.steps().front().at == 1000 + 6 * 5000);
}

}  // namespace
}  // namespace ingress::broker::admin
