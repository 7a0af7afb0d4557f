#include "broker/model/changes.h"

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

}  // namespace ingress::broker
