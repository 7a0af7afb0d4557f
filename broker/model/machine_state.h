// The words of a machine's states, and how attaching moves them. The store and the route table both apply these rules.
#pragma once

#include <optional>
#include <string_view>

#include "broker/model/records.h"

namespace ingress::broker {

// "starting", "active", "detached", "archived".
std::string_view name_of(MachineState state);
std::optional<MachineState> parse_machine_state(std::string_view word);

// A project was attached to the machine: it becomes active; one that is starting stays so until it has a tunnel.
MachineState state_when_attached(MachineState state);
// The last project left the machine: it becomes detached; an archived one stays archived.
MachineState state_when_released(MachineState state);

}  // namespace ingress::broker
