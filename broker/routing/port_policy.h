// The policies of a machine's port, whatever name it is reached by: "a policy follows the port" (design, section 6).
#pragma once

#include "broker/policy/effective_policy.h"
#include "broker/routing/index_nodes.h"

namespace ingress::broker {

// Calls visit(level, row, policy) for what the services on the port set (level 0), the machine itself (1), and the
// projects that it is attached to and those of the services (2), nearest first; `row` is a ServiceNode, MachineNode or
// ProjectNode. Policies that set nothing come too, as null. Cost: the number of those services and projects.
template <class Visit>
void each_port_policy(const MachineNode& machine, int port, Visit visit) {
  for (const ServiceNode* service : machine.pinned) {
    if (service->port == port) visit(0, *service, service->policy.get());
  }
  for (const ProjectNode* project : machine.projects) {
    for (const auto& service : project->services) {
      if (service->port == port && service->machine == nullptr) visit(0, *service, service->policy.get());
    }
  }
  visit(1, machine, machine.policy.get());
  for (const ServiceNode* service : machine.pinned) {
    if (service->port == port) visit(2, *service->project, service->project->policy.get());
  }
  for (const ProjectNode* project : machine.projects) visit(2, *project, project->policy.get());
}

// Adds them.
void add_port_policies(const MachineNode& machine, int port, EffectivePolicy& policy);

}  // namespace ingress::broker
