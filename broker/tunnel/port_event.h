// An agent's list of ports (EVENT), read with the distrust that is due to a machine of somebody's. Pure.
#pragma once

#include "broker/tunnel/machine_book.h"
#include "common/tunnel/session.h"

namespace ingress::broker {

// By number, each once, at most MachinePorts::kMost; what is no port is left out, and names are made printable.
MachinePorts machine_ports_of(const tunnel::pb::Event& event, std::string_view instance);

}  // namespace ingress::broker
