// The policy of a machine's port, whatever name it is reached by: "a policy follows the port" (design, section 6).
#pragma once

#include "broker/routing/index_nodes.h"

namespace ingress::broker {

// First what the services on the port set, then their projects and the projects that the machine is attached to, by
// slug. Where several of one level set `auth`, deny wins. Cost: the number of those services and projects.
Policy port_policy(const MachineNode& machine, int port);

}  // namespace ingress::broker
