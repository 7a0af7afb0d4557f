#include "broker/model/changes.h"

namespace ingress::broker {

std::vector<std::string> machines_to_drop(const Transaction& transaction) {
  std::vector<std::string> machines;
  for (const Change& change : transaction.changes) {
    if (const auto* token = std::get_if<DeleteToken>(&change)) machines.push_back(token->machine);
    if (const auto* deleted = std::get_if<DeleteMachine>(&change)) machines.push_back(deleted->id);
    const auto* put = std::get_if<PutMachine>(&change);
    if (put != nullptr && put->machine.state == MachineState::kArchived) machines.push_back(put->machine.id);
  }
  return machines;
}

}  // namespace ingress::broker
