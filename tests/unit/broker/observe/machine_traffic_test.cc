#include "broker/observe/machine_traffic.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace ingress::broker {
namespace {

constexpr Time kStart{std::chrono::hours(1)};

const MachineRow* row_of(const std::vector<MachineRow>& rows, std::string_view machine) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [machine](const auto& row) { return row.machine == machine; });
  return found == rows.end() ? nullptr : &*found;
}

TEST_CASE("requests for a machine are counted in its one row, whatever others come in between") {
  MachineTraffic traffic;
  MachineCounts& a = traffic.enter("mach_a", kStart);
  MachineCounts& b = traffic.enter("mach_b", kStart);
  CHECK(&traffic.enter("mach_a", kStart) == &a);
  CHECK(&traffic.enter("mach_a", kStart) == &a);
  a.bytes_in += 3;
  CHECK(a.open == 3);
  CHECK(b.open == 1);
  MachineTraffic::leave(a, kStart + Duration(5));
  REQUIRE(traffic.rows().size() == 2);
  CHECK(row_of(traffic.rows(), "mach_a")->counts.open == 2);
  CHECK(row_of(traffic.rows(), "mach_a")->counts.bytes_in == 3);
  CHECK(row_of(traffic.rows(), "mach_a")->counts.last == kStart + Duration(5));
}

TEST_CASE("a machine that nothing came for in ten minutes is forgotten, one that a request runs for is not") {
  MachineTraffic traffic;
  MachineCounts& quiet = traffic.enter("quiet", kStart);
  traffic.enter("busy", kStart);
  MachineTraffic::leave(quiet, kStart);
  traffic.sweep(kStart + MachineTraffic::kKeep - Duration(1));
  CHECK(traffic.rows().size() == 2);
  traffic.sweep(kStart + MachineTraffic::kKeep);
  CHECK(row_of(traffic.rows(), "quiet") == nullptr);
  CHECK(row_of(traffic.rows(), "busy")->counts.open == 1);
  CHECK(traffic.enter("quiet", kStart).requests == 0);
  CHECK(traffic.rows().size() == 2);
}

TEST_CASE("rows of several loops become one a machine") {
  MachineTraffic first;
  MachineTraffic second;
  MachineCounts& here = first.enter("mach_a", kStart);
  here.requests = 2;
  here.first_byte.add(Micros(50));
  MachineCounts& there = second.enter("mach_a", kStart + Duration(9));
  there.requests = 3;
  there.errors = 1;
  second.enter("mach_b", kStart);
  const std::vector<MachineRow> rows = merge_rows({first.rows(), second.rows()});
  REQUIRE(rows.size() == 2);
  const MachineCounts& both = row_of(rows, "mach_a")->counts;
  CHECK(both.requests == 5);
  CHECK(both.errors == 1);
  CHECK(both.open == 2);
  CHECK(both.first_byte.counts()[0] == 1);
  CHECK(both.last == kStart + Duration(9));
}

}  // namespace
}  // namespace ingress::broker
