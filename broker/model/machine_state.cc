#include "broker/model/machine_state.h"

#include <array>

namespace ingress::broker {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"starting", "active", "detached", "archived"};

}  // namespace

std::string_view name_of(MachineState state) { return kNames[static_cast<size_t>(state)]; }

std::optional<MachineState> parse_machine_state(std::string_view word) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == word) return static_cast<MachineState>(i);
  }
  return std::nullopt;
}

MachineState state_when_attached(MachineState state) {
  return state == MachineState::kStarting ? MachineState::kStarting : MachineState::kActive;
}

MachineState state_when_released(MachineState state) {
  return state == MachineState::kArchived ? MachineState::kArchived : MachineState::kDetached;
}

}  // namespace ingress::broker
