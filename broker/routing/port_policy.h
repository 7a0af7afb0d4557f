// The policies of a machine's port, whatever name it is reached by: "a policy follows the port" (design, section 6).
#pragma once

#include "broker/policy/effective_policy.h"
#include "broker/routing/index_nodes.h"

namespace ingress::broker {

// Adds, nearest first, what the services on the port set, the machine itself, then the projects that it is attached to
// and those of the services, by slug. Cost: the number of those services and projects.
void add_port_policies(const MachineNode& machine, int port, EffectivePolicy& policy);

}  // namespace ingress::broker
