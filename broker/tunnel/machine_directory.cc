#include "broker/tunnel/machine_directory.h"

#include <algorithm>

namespace ingress::broker {
namespace {

// A loop may have a tenth more machines than the mean.
size_t most_machines(size_t machines, size_t loops) { return (machines * 11 + loops * 10 - 1) / (loops * 10); }

}  // namespace

size_t MachineDirectory::choose(std::string_view machine) const {
  const size_t hashed = TextHash{}(machine) % machines_.size();
  if (machines_[hashed] < most_machines(entries_.size() + 1, machines_.size())) return hashed;
  return static_cast<size_t>(std::min_element(machines_.begin(), machines_.end()) - machines_.begin());
}

size_t MachineDirectory::enter(std::string_view machine) {
  const std::lock_guard lock(mutex_);
  auto found = entries_.find(machine);
  if (found == entries_.end()) {
    const size_t loop = choose(machine);
    found = entries_.emplace(machine, Entry{loop, 0, false}).first;
    ++machines_[loop];
  }
  ++found->second.tunnels;
  return found->second.loop;
}

void MachineDirectory::leave(std::string_view machine) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(machine);
  if (found == entries_.end() || --found->second.tunnels > 0) return;
  --machines_[found->second.loop];
  entries_.erase(found);
}

void MachineDirectory::set_serving(std::string_view machine, bool serving) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(machine); found != entries_.end()) found->second.serving = serving;
}

std::optional<size_t> MachineDirectory::serving_loop(std::string_view machine) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(machine);
  if (found == entries_.end() || !found->second.serving) return std::nullopt;
  return found->second.loop;
}

std::vector<size_t> MachineDirectory::machines() const {
  const std::lock_guard lock(mutex_);
  return machines_;
}

}  // namespace ingress::broker
