#include "broker/observe/machine_traffic.h"

#include <algorithm>
#include <utility>

namespace ingress::broker {

void MachineCounts::add(const MachineCounts& other) {
  requests += other.requests;
  errors += other.errors;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  open += other.open;
  first_byte.add(other.first_byte);
  last = std::max(last, other.last);
}

MachineCounts& MachineTraffic::enter(std::string_view machine, Time now) {
  if (last_ == nullptr || last_name_ != machine) {
    auto found = machines_.find(machine);
    if (found == machines_.end()) found = machines_.try_emplace(std::string(machine)).first;
    last_name_ = found->first;
    last_ = &found->second;
  }
  ++last_->open;
  last_->last = now;
  return *last_;
}

void MachineTraffic::leave(MachineCounts& counts, Time now) {
  --counts.open;
  counts.last = now;
}

void MachineTraffic::sweep(Time now) {
  last_ = nullptr;
  std::erase_if(machines_,
                [now](const auto& each) { return each.second.open == 0 && each.second.last + kKeep <= now; });
}

std::vector<MachineRow> MachineTraffic::rows() const {
  std::vector<MachineRow> rows;
  rows.reserve(machines_.size());
  for (const auto& [machine, counts] : machines_) rows.push_back({machine, counts});
  return rows;
}

std::vector<MachineRow> merge_rows(std::vector<std::vector<MachineRow>> of_loops) {
  if (of_loops.size() == 1) return std::move(of_loops.front());
  TextMap<MachineCounts> merged;
  for (const std::vector<MachineRow>& rows : of_loops) {
    for (const MachineRow& row : rows) merged[row.machine].add(row.counts);
  }
  std::vector<MachineRow> rows;
  rows.reserve(merged.size());
  for (const auto& [machine, counts] : merged) rows.push_back({machine, counts});
  return rows;
}

}  // namespace ingress::broker
