// The policies of a machine's port, whatever name it is reached by: "a policy follows the port" (design, section 6).
#pragma once

#include "broker/policy/effective_policy.h"
#include "broker/routing/index_nodes.h"

namespace ingress::broker {

// Whose host was asked: among equals its policies come first. null where nobody's.
struct HostOwner {
  const ProjectNode* project = nullptr;
  const ServiceNode* service = nullptr;
};

// Private to each_port_policy.
namespace port_policies {

inline bool is_on(const ServiceNode& service, const MachineNode& machine, int port) {
  const MachineNode* const at = service.machine != nullptr ? service.machine : service.project->machine;
  return service.port == port && at == &machine;
}

inline bool has_pinned(const ProjectNode& project, const MachineNode& machine, int port) {
  for (const ServiceNode* service : machine.pinned) {
    if (service->port == port && service->project == &project) return true;
  }
  return false;
}

template <class Visit>
void each_service(const MachineNode& machine, int port, const HostOwner& owner, Visit visit) {
  if (owner.service != nullptr && is_on(*owner.service, machine, port)) visit(*owner.service);
  if (owner.project != nullptr) {
    for (const auto& service : owner.project->services) {
      if (service.get() != owner.service && is_on(*service, machine, port)) visit(*service);
    }
  }
  for (const ServiceNode* service : machine.pinned) {
    if (service->port == port && service->project != owner.project) visit(*service);
  }
  for (const ProjectNode* project : machine.projects) {
    if (project == owner.project) continue;
    for (const auto& service : project->services) {
      if (service->port == port && service->machine == nullptr) visit(*service);
    }
  }
}

// Each once.
template <class Visit>
void each_project(const MachineNode& machine, int port, const HostOwner& owner, Visit visit) {
  const ProjectNode* const first = owner.project;
  if (first != nullptr && (first->machine == &machine || has_pinned(*first, machine, port))) visit(*first);
  const ProjectNode* last = nullptr;  // those of one project are beside each other
  for (const ServiceNode* service : machine.pinned) {
    const ProjectNode* const project = service->project;
    if (service->port != port || project == first || project == last || project->machine == &machine) continue;
    last = project;
    visit(*project);
  }
  for (const ProjectNode* project : machine.projects) {
    if (project != first) visit(*project);
  }
}

}  // namespace port_policies

// Calls visit(level, row, policy) for what the services on the port set (level 0), the machine itself (1), and the
// projects that it is attached to and those of the services (2), nearest first, and among equals those of `owner`
// first; `row` is a ServiceNode, MachineNode or ProjectNode. Policies that set nothing come too, as null. Cost: the
// number of those services and projects.
template <class Visit>
void each_port_policy(const MachineNode& machine, int port, const HostOwner& owner, Visit visit) {
  port_policies::each_service(machine, port, owner,
                              [&visit](const ServiceNode& service) { visit(0, service, service.policy.get()); });
  visit(1, machine, machine.policy.get());
  port_policies::each_project(machine, port, owner,
                              [&visit](const ProjectNode& project) { visit(2, project, project.policy.get()); });
}

// Adds them.
void add_port_policies(const MachineNode& machine, int port, const HostOwner& owner, EffectivePolicy& policy);

}  // namespace ingress::broker
