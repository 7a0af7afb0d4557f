#include "broker/model/changes.h"

#include <algorithm>

namespace ingress::broker {

std::vector<std::string> machines_to_drop(const Transaction& transaction) {
  std::vector<std::string> machines;
  const auto add = [&machines](const std::string& machine) {
    if (machines.empty() || machines.back() != machine) machines.push_back(machine);
  };
  for (const Change& change : transaction.changes) {
    if (const auto* token = std::get_if<DeleteToken>(&change)) add(token->machine);
    if (const auto* deleted = std::get_if<DeleteMachine>(&change)) add(deleted->id);
    const auto* put = std::get_if<PutMachine>(&change);
    if (put != nullptr && put->machine.state == MachineState::kArchived) add(put->machine.id);
  }
  return machines;
}

bool sets_times(const Transaction& transaction) {
  return std::any_of(transaction.changes.begin(), transaction.changes.end(), [](const Change& change) {
    const auto* machine = std::get_if<PutMachine>(&change);
    const auto* route = std::get_if<PutRoute>(&change);
    return (machine != nullptr && machine->machine.expires_at != 0) ||
           (route != nullptr && route->route.expires_at != 0);
  });
}

}  // namespace ingress::broker
