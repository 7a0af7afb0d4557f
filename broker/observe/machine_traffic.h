// What one loop has counted for each machine: rows that exist while requests for the machine run, and for a while after
// the last one. So there are never more than the machines that were lately asked for. Thread: the loop's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/observe/traffic_counts.h"
#include "common/base/clock.h"
#include "common/base/text_hash.h"

namespace ingress::broker {

struct MachineCounts {
  uint64_t requests = 0;  // that have ended
  uint64_t errors = 0;    // of them, those that failed
  uint64_t bytes_in = 0;  // of bodies, as they flow
  uint64_t bytes_out = 0;
  size_t open = 0;       // requests under way
  Histogram first_byte;  // from a request's head to its answer's
  Time last{};           // when a request came, or the last one ended

  void add(const MachineCounts& other);
};

struct MachineRow {
  std::string machine;
  MachineCounts counts;
};

class MachineTraffic {
 public:
  static constexpr Duration kKeep = std::chrono::minutes(10);

  // A request for the machine comes, until leave(). The counts stay where they are in between.
  MachineCounts& enter(std::string_view machine, Time now);
  static void leave(MachineCounts& counts, Time now);
  // Forgets those that nothing has come for in kKeep.
  void sweep(Time now);
  std::vector<MachineRow> rows() const;

 private:
  TextMap<MachineCounts> machines_;
  // The one that was asked for last: mostly the next one, too.
  std::string_view last_name_;
  MachineCounts* last_ = nullptr;
};

// Rows of several loops, a row a machine, in no order.
std::vector<MachineRow> merge_rows(std::vector<std::vector<MachineRow>> of_loops);

}  // namespace ingress::broker
