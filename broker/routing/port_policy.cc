#include "broker/routing/port_policy.h"

namespace ingress::broker {

void add_port_policies(const MachineNode& machine, int port, EffectivePolicy& policy) {
  policy.next_level();
  for (const ServiceNode* service : machine.pinned) {
    if (service->port == port) policy.add(service->policy.get());
  }
  for (const ProjectNode* project : machine.projects) {
    for (const auto& service : project->services) {
      if (service->port == port && service->machine == nullptr) policy.add(service->policy.get());
    }
  }
  policy.next_level();
  policy.add(machine.policy.get());
  policy.next_level();
  for (const ServiceNode* service : machine.pinned) {
    if (service->port == port) policy.add(service->project->policy.get());
  }
  for (const ProjectNode* project : machine.projects) policy.add(project->policy.get());
}

}  // namespace ingress::broker
