#include "broker/tunnel/machine_book.h"

#include <utility>

namespace ingress::broker {

void MachineBook::ports_came(std::string_view machine, MachinePorts ports) {
  const std::lock_guard lock(mutex_);
  const auto [entry, fresh] = ports_.try_emplace(std::string(machine));
  MachinePorts& known = entry->second;
  if (!fresh && known.instance == ports.instance && ports.revision <= known.revision) return;
  known = std::move(ports);
}

void MachineBook::instance_came(std::string_view machine, std::string_view instance) {
  const std::lock_guard lock(mutex_);
  const auto found = ports_.find(machine);
  if (found != ports_.end() && found->second.instance != instance) ports_.erase(found);
}

void MachineBook::went(std::string_view machine) {
  const std::lock_guard lock(mutex_);
  if (const auto found = ports_.find(machine); found != ports_.end()) ports_.erase(found);
}

std::optional<MachinePorts> MachineBook::ports(std::string_view machine) const {
  const std::lock_guard lock(mutex_);
  const auto found = ports_.find(machine);
  if (found == ports_.end()) return std::nullopt;
  return found->second;
}

}  // namespace ingress::broker
