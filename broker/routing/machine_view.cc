#include "broker/routing/machine_view.h"

#include <algorithm>

#include "broker/routing/index_tables.h"
#include "broker/routing/pattern.h"
#include "broker/routing/port_policy.h"

namespace ingress::broker {
namespace {

constexpr size_t kMostLooks = 1024;
constexpr int kNoPort = 0;  // no service is on it

// As the resolver has it: closed while all of its projects are.
bool suspended(const MachineNode& machine) {
  return !machine.projects.empty() && std::all_of(machine.projects.begin(), machine.projects.end(),
                                                  [](const ProjectNode* each) { return each->record.suspended; });
}

// A host of a route, whole and without captures.
bool names_one(const HostEntry& entry) {
  return entry.route != nullptr && entry.extras == nullptr && is_plain_host(entry.pattern);
}

// By its own policy nobody comes in by it.
bool is_shut(const HostEntry& entry) {
  return entry.policy != nullptr && entry.policy->auth && entry.policy->auth->is(Auth::kDeny);
}

class ViewWriter {
 public:
  ViewWriter(const MachineNode& machine, const BrokerPolicies& policies, int64_t now)
      : machine_(machine), policies_(policies), now_(now) {}

  MachineView write() {
    view_.default_port = machine_.record.default_port;
    for (const ProjectNode* project : machine_.projects) add_attached(*project);
    for (const ServiceNode* service : machine_.pinned) add_pinned(*service);
    add_hosts(machine_.entries, nullptr);
    judge_ports();
    return std::move(view_);
  }

 private:
  MachineView::Project* add_project(const ProjectNode& project, bool attached) {
    const auto same = [&project](const MachineView::Project& each) { return each.slug == project.record.slug; };
    const auto found = std::find_if(view_.projects.begin(), view_.projects.end(), same);
    if (found != view_.projects.end()) return &*found;
    if (view_.projects.size() >= MachineView::kMostProjects) return nullptr;
    view_.projects.push_back({project.record.slug, project.record.default_port, attached, {}, {}});
    return &view_.projects.back();
  }

  void add_service(MachineView::Project* to, const ServiceNode& service) {
    ports_.push_back(service.port);
    if (to == nullptr || services_ >= MachineView::kMostServices) return;
    ++services_;
    to->services.push_back({service.name, service.port});
  }

  void add_attached(const ProjectNode& project) {
    MachineView::Project* const to = add_project(project, true);
    for (const auto& service : project.services) {
      if (service->machine == nullptr || service->machine == &machine_) add_service(to, *service);
    }
    if (to != nullptr) add_domains(*to, project);
    add_hosts(project.entries, &project);
  }

  // Of a project that is attached it is there already.
  void add_pinned(const ServiceNode& service) {
    const ProjectNode& project = *service.project;
    if (project.machine == &machine_) return;
    const bool first = pinned_of_ != &project;
    pinned_of_ = &project;
    add_service(add_project(project, false), service);
    if (first) add_hosts(project.entries, &project);
  }

  void add_domains(MachineView::Project& to, const ProjectNode& project) {
    size_t looks = 0;
    for (const HostEntry* entry = project.entries; entry != nullptr && looks < kMostLooks; ++looks) {
      if (entry->route == nullptr && domains_ < MachineView::kMostDomains) {
        ++domains_;
        to.domains.push_back(entry->pattern);
      }
      entry = entry->next_of_target;
    }
  }

  void add_hosts(const HostEntry* entry, const ProjectNode* project) {
    for (size_t looks = 0; entry != nullptr && looks < kMostLooks; ++looks) {
      if (view_.hosts.size() >= MachineView::kMostHosts) return;
      const bool open = names_one(*entry) && !is_over(entry->route->expires_at, now_) && !is_shut(*entry);
      const int port = open ? port_here(*entry, project) : 0;
      if (port != 0) view_.hosts.push_back({entry->pattern, port});
      entry = entry->next_of_target;
    }
  }

  // Where a route's host ends on this machine; 0 where on another one.
  int port_here(const HostEntry& entry, const ProjectNode* project) const {
    if (project == nullptr && !entry.service.empty()) return 0;  // of the route's owner, who may be anybody
    if (project == nullptr) return entry.port != 0 ? entry.port : machine_.record.default_port;
    if (entry.service.empty()) {
      if (project->machine != &machine_) return 0;
      return entry.port != 0 ? entry.port : project->record.default_port;
    }
    const ServiceNode* service = find_service(*project, entry.service);
    if (service == nullptr) return 0;
    const MachineNode* machine = service->machine != nullptr ? service->machine : project->machine;
    return machine == &machine_ ? service->port : 0;
  }

  // Only a port with a service can have a policy that others have not.
  void judge_ports() {
    std::sort(ports_.begin(), ports_.end());
    ports_.erase(std::unique(ports_.begin(), ports_.end()), ports_.end());
    if (suspended(machine_)) return;
    view_.public_by_default = port_is_public(machine_, kNoPort, policies_);
    collect_other_ports();
    if (view_.other_ports.size() <= MachineView::kMostPorts) return;
    if (view_.public_by_default) {
      view_.public_by_default = false;
      collect_other_ports();
    }
    view_.other_ports.resize(std::min(view_.other_ports.size(), MachineView::kMostPorts));
  }

  void collect_other_ports() {
    view_.other_ports.clear();
    for (const int port : ports_) {
      if (port_is_public(machine_, port, policies_) != view_.public_by_default) view_.other_ports.push_back(port);
    }
  }

  const MachineNode& machine_;
  const BrokerPolicies& policies_;
  const int64_t now_;
  MachineView view_;
  std::vector<int> ports_;  // that a service is on
  const ProjectNode* pinned_of_ = nullptr;
  size_t services_ = 0;
  size_t domains_ = 0;
};

}  // namespace

MachineView machine_view(const MachineNode& machine, const BrokerPolicies& policies, int64_t now) {
  return ViewWriter(machine, policies, now).write();
}

namespace {

// What the origin takes for the broker's word, a client at another way in could say.
bool sets_fields(const EffectivePolicy& policy) {
  bool sets = false;
  policy.each_layer(
      [&sets](const Policy& layer) { sets = sets || (layer.request_headers && !layer.request_headers->set.empty()); });
  return sets;
}

}  // namespace

bool port_is_public(const MachineNode& machine, int port, const BrokerPolicies& policies) {
  EffectivePolicy policy;
  policy.enforce(policies.enforced.get());
  add_port_policies(machine, port, {}, policy);
  policy.next_level();
  policy.add(policies.defaults.get());
  return policy.is_public() && !policy.ip_allow() && !policy.ip_deny() && !policy.methods() && !sets_fields(policy);
}

}  // namespace ingress::broker
