#include "broker/routing/resolver.h"

#include <algorithm>

#include "broker/model/ids.h"
#include "broker/routing/host_name.h"
#include "broker/routing/port_policy.h"

namespace ingress::broker {

Status Resolver::run(std::string_view host) {
  out_ = Resolution{};
  if (const HostEntry* entry = tables_.host(host)) {
    if (explainer_ != nullptr) explainer_->exact(*entry);
    return to_entry(*entry);
  }
  if (explainer_ != nullptr) explainer_->no_exact();
  if (const Answer answer = by_grammar(host)) return *answer;
  if (const Answer answer = by_custom_domain(host)) return *answer;
  if (const Answer answer = by_wildcard(host)) return *answer;
  return refuse(miss_.value_or(Why{ErrorCode::kRouteNotFound, "no route leads to ", host, ""}));
}

Resolver::Answer Resolver::by_grammar(std::string_view host) {
  const GrammarName name = read_grammar(host, domains_);
  if (explainer_ != nullptr) explainer_->grammar(name);
  switch (name.form) {
    case HostForm::kMachine:
      return by_machine_name(name);
    case HostForm::kProject:
      return by_project_name(name);
    case HostForm::kService:
      return by_service_name(name);
    case HostForm::kReserved:
      return miss({ErrorCode::kRouteNotFound, "", name.name, " is kept for the broker; only a route can hold it"});
    case HostForm::kDeeper:
      return miss({ErrorCode::kRouteNotFound, "no route leads to ", host, ""});
    case HostForm::kForeign:
      break;
  }
  return std::nullopt;
}

Resolver::Answer Resolver::by_machine_name(const GrammarName& name) {
  int port = 0;
  if (name.prefixed) {
    const std::optional<int> read = parse_port(name.prefix);
    if (!read) return refuse({ErrorCode::kInvalidPort, "", name.prefix, " is not a port: 1 to 65535, no leading zero"});
    port = *read;
  }
  const MachineNode* machine = tables_.machine_by_alias(name.name);
  if (machine == nullptr) return miss({ErrorCode::kMachineNotFound, "there is no machine ", name.name, ""});
  return to_machine(*machine, port);
}

Resolver::Answer Resolver::by_project_name(const GrammarName& name) {
  const bool digits = name.prefixed && all_digits(name.prefix);
  if (digits && !parse_port(name.prefix)) {
    return refuse({ErrorCode::kInvalidPort, "", name.prefix, " is not a port: 1 to 65535, no leading zero"});
  }
  if (reserved_word(name.name)) {
    return miss({ErrorCode::kRouteNotFound, "", name.name, " is kept for the broker; only a route can hold it"});
  }
  if (!slug_form(name.name))
    return miss({ErrorCode::kInvalidProjectSlug, "", name.name, " cannot be a project's slug"});
  const ProjectNode* project = tables_.project(name.name);
  if (project == nullptr) return miss({ErrorCode::kProjectNotFound, "there is no project ", name.name, ""});
  if (!name.prefixed) return to_project(*project, nullptr, 0);
  return by_prefix(*project, name.prefix);
}

Resolver::Answer Resolver::by_prefix(const ProjectNode& project, std::string_view prefix) {
  if (const std::optional<int> port = parse_port(prefix)) return to_project(project, nullptr, *port);
  const ServiceNode* service = find_service(project, prefix);
  if (service == nullptr && !project.record.suspended) {
    return miss({ErrorCode::kInvalidPort, "", prefix, " is neither a port nor a service of the project"});
  }
  return to_project(project, service, 0);
}

Resolver::Answer Resolver::by_service_name(const GrammarName& name) {
  if (!slug_form(name.name))
    return miss({ErrorCode::kInvalidProjectSlug, "", name.name, " cannot be a project's slug"});
  const ProjectNode* project = tables_.project(name.name);
  if (project == nullptr) return miss({ErrorCode::kProjectNotFound, "there is no project ", name.name, ""});
  const ServiceNode* service = find_service(*project, name.service);
  if (service == nullptr && !project->record.suspended) {
    return miss({ErrorCode::kServiceNotFound, "the project has no service ", name.service, ""});
  }
  return to_project(*project, service, 0);
}

Resolver::Answer Resolver::by_custom_domain(std::string_view host) {
  const std::string_view parent = after_first_label(host);
  const HostEntry* entry = parent.empty() ? nullptr : tables_.host(parent);
  if (entry == nullptr || entry->route != nullptr) return std::nullopt;
  const std::string_view label = first_label(host);
  if (explainer_ != nullptr) explainer_->custom_domain(*entry, label);
  const ProjectNode& project = *entry->project;
  out_.pattern = entry->pattern;
  if (all_digits(label)) {
    const std::optional<int> port = parse_port(label);
    if (port) return to_project(project, nullptr, *port);
    return refuse({ErrorCode::kInvalidPort, "", label, " is not a port: 1 to 65535, no leading zero"});
  }
  const ServiceNode* service = find_service(project, label);
  if (service == nullptr && !project.record.suspended) {
    return miss({ErrorCode::kServiceNotFound, "the project has no service ", label, ""});
  }
  return to_project(project, service, 0);
}

Resolver::Answer Resolver::by_wildcard(std::string_view host) {
  const HostEntry* entry = tables_.wildcards.match(host);
  if (entry == nullptr) return std::nullopt;
  if (explainer_ != nullptr) explainer_->wildcard(*entry);
  return to_entry(*entry);
}

Status Resolver::to_entry(const HostEntry& entry) {
  out_.pattern = entry.pattern;
  if (entry.route != nullptr) out_.route_id = entry.route->id;
  out_.policy = entry.policy;
  if (entry.machine != nullptr) return to_machine(*entry.machine, entry.port);
  const ServiceNode* service = nullptr;
  if (!entry.service.empty()) {
    service = find_service(*entry.project, entry.service);
    if (service == nullptr) {
      return refuse({ErrorCode::kServiceNotFound, "the project has no service ", entry.service, ""});
    }
  }
  return to_project(*entry.project, service, entry.port);
}

Status Resolver::to_project(const ProjectNode& project, const ServiceNode* service, int port) {
  out_.project = project.record.slug;
  if (project.record.suspended)
    return refuse({ErrorCode::kForbidden, "project ", project.record.slug, " is suspended"});
  const MachineNode* machine = project.machine;
  if (explainer_ != nullptr) explainer_->project(project);
  if (service != nullptr) {
    if (explainer_ != nullptr) explainer_->service(*service);
    out_.service = service->name;
    port = service->port;
    if (service->machine != nullptr) machine = service->machine;
  }
  if (machine == nullptr) {
    return refuse({ErrorCode::kMachineNotRoutable, "no machine is attached to project ", project.record.slug, ""});
  }
  return finish(*machine, port != 0 ? port : project.record.default_port);
}

// A machine inherits the projects that it is attached to: it is closed while all of them are suspended.
Status Resolver::to_machine(const MachineNode& machine, int port) {
  const auto& projects = machine.projects;
  const bool suspended =
      !projects.empty() && std::all_of(projects.begin(), projects.end(),
                                       [](const ProjectNode* project) { return project->record.suspended; });
  if (suspended) return refuse({ErrorCode::kForbidden, "project ", projects.front()->record.slug, " is suspended"});
  return finish(machine, port != 0 ? port : machine.record.default_port);
}

Status Resolver::finish(const MachineNode& machine, int port) {
  out_.machine = machine.record.id;
  out_.port = port;
  out_.machine_state = machine.record.state;
  if (machine.record.state == MachineState::kArchived) {
    return refuse({ErrorCode::kMachineNotRoutable, "machine ", machine.record.id, " is archived"});
  }
  out_.policy.inherit(port_policy(machine, port));
  out_.policy.inherit(defaults_);
  if (explainer_ != nullptr) explainer_->found(out_);
  return {};
}

Resolver::Answer Resolver::miss(const Why& why) {
  if (explainer_ != nullptr) explainer_->passed_over();
  out_ = Resolution{};
  if (!miss_) miss_ = why;
  return std::nullopt;
}

Status Resolver::refuse(const Why& why) const {
  if (explainer_ != nullptr) {
    explainer_->refused(why.code, why.before + ("\"" + std::string(why.subject)) + "\"" + why.after);
  }
  return fail(why.code, Side::kClient, "resolving a host");
}

}  // namespace ingress::broker
