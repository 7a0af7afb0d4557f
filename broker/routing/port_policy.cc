#include "broker/routing/port_policy.h"

namespace ingress::broker {
namespace {

// Adds a policy of the same level.
void combine(Policy& policy, const Policy& other) {
  policy.inherit(other);
  if (other.auth == Auth::kDeny) policy.auth = Auth::kDeny;
}

}  // namespace

Policy port_policy(const MachineNode& machine, int port) {
  Policy services;
  Policy projects;
  for (const ServiceNode* service : machine.pinned) {
    if (service->port != port) continue;
    combine(services, service->policy);
    combine(projects, service->project->policy);
  }
  for (const ProjectNode* project : machine.projects) {
    for (const auto& service : project->services) {
      if (service->port == port && service->machine == nullptr) combine(services, service->policy);
    }
    combine(projects, project->policy);
  }
  services.inherit(projects);
  return services;
}

}  // namespace ingress::broker
