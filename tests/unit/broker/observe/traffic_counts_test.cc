#include "broker/observe/traffic_counts.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>

namespace ingress::broker {
namespace {

uint64_t total(const Histogram& histogram) {
  return std::accumulate(histogram.counts().begin(), histogram.counts().end(), uint64_t{0});
}

TEST_CASE("a time is counted in the first bucket whose bound it does not exceed") {
  Histogram histogram;
  histogram.add(Micros(0));
  histogram.add(Micros(100));
  histogram.add(Micros(101));
  histogram.add(Micros(60'000'000));
  histogram.add(Micros(60'000'001));
  CHECK(histogram.counts()[0] == 2);
  CHECK(histogram.counts()[1] == 1);
  CHECK(histogram.counts()[Histogram::kBounds.size() - 1] == 1);
  CHECK(histogram.counts()[Histogram::kBounds.size()] == 1);
  CHECK(histogram.sum() == Micros(120'000'202));
}

TEST_CASE("every time finds its bucket") {
  for (size_t i = 0; i < Histogram::kBounds.size(); ++i) {
    for (const int around : {-1, 0, 1}) {
      Histogram histogram;
      histogram.add(Histogram::kBounds[i] + Micros(around));
      CAPTURE(i);
      CAPTURE(around);
      CHECK(histogram.counts()[around > 0 ? i + 1 : i] == 1);
    }
  }
  Histogram histogram;
  for (int64_t time = 1; time > 0 && time < INT64_MAX / 2; time *= 2) histogram.add(Micros(time));
  CHECK(histogram.counts()[0] == 7);
}

TEST_CASE("a status is of its hundred, and what is no status of none") {
  CHECK(class_of(0) == StatusClass::kNone);
  CHECK(class_of(101) == StatusClass::k1xx);
  CHECK(class_of(204) == StatusClass::k2xx);
  CHECK(class_of(599) == StatusClass::k5xx);
  CHECK(class_of(600) == StatusClass::kNone);
  CHECK(name_of(class_of(404)) == "4xx");
  CHECK(name_of(class_of(-1)) == "none");
}

TEST_CASE("an exchange is counted by route class, and each hop by what it took itself") {
  TrafficCounts counts;
  ExchangeRecord record;
  record.route_class = RouteClass::kProject;
  record.status = 502;
  record.error = ErrorCode::kProxyError;
  record.times = {Micros(100), Micros(1'100), Micros(51'100), Micros(80'000)};
  counts.add(record);
  const RouteCounts& project = counts.by_route[static_cast<size_t>(RouteClass::kProject)];
  CHECK(project.requests[static_cast<size_t>(StatusClass::k5xx)] == 1);
  CHECK(project.errors[static_cast<size_t>(ErrorCode::kProxyError)] == 1);
  CHECK(project.total.sum() == Micros(80'000));
  CHECK(project.policy.sum() == Micros(100));
  CHECK(project.tunnel.sum() == Micros(1'000));
  CHECK(project.origin.sum() == Micros(50'000));
  CHECK(total(counts.by_route[static_cast<size_t>(RouteClass::kMachine)].total) == 0);
}

TEST_CASE("a hop that was not reached is not counted") {
  TrafficCounts counts;
  ExchangeRecord record;
  record.status = 404;
  record.error = ErrorCode::kRouteNotFound;
  counts.add(record);
  const RouteCounts& none = counts.by_route[static_cast<size_t>(RouteClass::kNone)];
  CHECK(total(none.total) == 1);
  CHECK(total(none.policy) + total(none.tunnel) + total(none.origin) == 0);
}

TEST_CASE("an internal code, which is no label, counts as an internal error") {
  TrafficCounts counts;
  ExchangeRecord record;
  record.error = ErrorCode::kConflict;
  counts.add(record);
  CHECK(
      counts.by_route[static_cast<size_t>(RouteClass::kNone)].errors[static_cast<size_t>(ErrorCode::kInternalError)] ==
      1);
}

TEST_CASE("the counts of several loops add up") {
  TrafficCounts first;
  TrafficCounts second;
  ExchangeRecord record;
  record.route_class = RouteClass::kMachine;
  record.status = 200;
  record.times = {Micros(1), Micros(2), Micros(3), Micros(4)};
  first.add(record);
  first.bytes_in = 5;
  second.add(record);
  second.bytes_out = 6;
  first.add(second);
  const RouteCounts& machine = first.by_route[static_cast<size_t>(RouteClass::kMachine)];
  CHECK(machine.requests[static_cast<size_t>(StatusClass::k2xx)] == 2);
  CHECK(machine.total.sum() == Micros(8));
  CHECK(total(machine.origin) == 2);
  CHECK(first.bytes_in == 5);
  CHECK(first.bytes_out == 6);
}

}  // namespace
}  // namespace ingress::broker
