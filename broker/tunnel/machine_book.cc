#include "broker/tunnel/machine_book.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ingress::broker {
namespace {

bool by_number(const MachinePort& a, const MachinePort& b) { return a.number < b.number; }

PortChanges changes(const std::vector<MachinePort>& before, const std::vector<MachinePort>& after) {
  PortChanges made;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(made.opened),
                      by_number);
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(made.closed),
                      by_number);
  return made;
}

size_t changed_by(size_t count, int64_t by) {
  return static_cast<size_t>(std::max<int64_t>(0, static_cast<int64_t>(count) + by));
}

}  // namespace

std::optional<PortChanges> MachineBook::ports_came(std::string_view machine, MachinePorts ports) {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  if (found == machines_.end() || !found->second.connected) return std::nullopt;
  MachinePorts& known = found->second.ports;
  if (found->second.told && known.instance == ports.instance && ports.revision <= known.revision) return std::nullopt;
  PortChanges made = changes(known.ports, ports.ports);
  known = std::move(ports);
  found->second.told = true;
  return made;
}

void MachineBook::instance_came(std::string_view machine, std::string_view instance, int64_t now) {
  const std::lock_guard lock(mutex_);
  const auto [entry, fresh] = machines_.try_emplace(std::string(machine));
  Entry& known = entry->second;
  if (fresh) known.activity.since = now;
  known.connected = true;
  known.told = known.told && known.ports.instance == instance;
  if (known.instance != instance) known.left = {};
  known.instance = instance;
}

void MachineBook::went(std::string_view machine) {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  if (found == machines_.end()) return;
  found->second.connected = false;
  found->second.left = {};
  found->second.went = ++departures_;
  gone_.push_back({found->first, departures_});
  while (gone_.size() > kMostGone) {
    const Gone oldest = std::move(gone_.front());
    gone_.pop_front();
    const auto old = machines_.find(oldest.machine);
    if (old == machines_.end() || old->second.connected || old->second.went != oldest.number) continue;
    active_.erase(oldest.machine);
    machines_.erase(old);
  }
}

void MachineBook::forget(std::string_view machine) {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  if (found == machines_.end()) return;
  active_.erase(found->first);
  machines_.erase(found);
}

bool MachineBook::activity_came(std::string_view machine, const ActivityNews& news) {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  if (found == machines_.end()) return false;
  MachineActivity& activity = found->second.activity;
  activity.last_request = std::max(activity.last_request, news.last_request);
  activity.last_active = std::max(activity.last_active, news.last_active);
  activity.open = changed_by(activity.open, news.open);
  const bool used = found->second.interactive();
  activity.interactive = changed_by(activity.interactive, news.interactive);
  return make_active(*found) || used != found->second.interactive();
}

bool MachineBook::left_came(std::string_view machine, const LeftStreams& left, int64_t now) {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  if (found == machines_.end() || !found->second.connected) return false;
  Entry& entry = found->second;
  const bool used = entry.interactive();
  const bool ran = std::exchange(entry.left, left).open > 0;
  if (left.open == 0 && !ran) return false;
  entry.activity.last_active = std::max(entry.activity.last_active, now);
  return make_active(*found) || used != entry.interactive();
}

bool MachineBook::make_active(TextMap<Entry>::value_type& machine) {
  if (std::exchange(machine.second.activity.active, true)) return false;
  active_.insert(machine.first);
  return true;
}

std::vector<std::string> MachineBook::idle(int64_t now) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> idle;
  std::erase_if(active_, [this, now, &idle](const std::string& machine) {
    Entry& entry = machines_.find(machine)->second;
    MachineActivity& activity = entry.activity;
    if (activity.open + entry.left.open > 0 || now - activity.last_active < MachineActivity::kIdleAfterMs) return false;
    activity.active = false;
    idle.push_back(machine);
    return true;
  });
  return idle;
}

std::optional<MachinePorts> MachineBook::ports(std::string_view machine) const {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  if (found == machines_.end() || !found->second.connected || !found->second.told) return std::nullopt;
  return found->second.ports;
}

std::optional<MachineActivity> MachineBook::activity(std::string_view machine, int64_t now) const {
  const std::lock_guard lock(mutex_);
  const auto found = machines_.find(machine);
  if (found == machines_.end()) return std::nullopt;
  MachineActivity activity = found->second.activity;
  activity.open += found->second.left.open;
  activity.interactive += found->second.left.interactive;
  if (activity.open > 0) activity.last_active = now;
  return activity;
}

}  // namespace ingress::broker
