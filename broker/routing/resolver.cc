#include "broker/routing/resolver.h"

#include <algorithm>

#include "broker/model/ids.h"
#include "broker/model/target_template.h"
#include "broker/routing/host_name.h"
#include "broker/routing/port_policy.h"

namespace ingress::broker {

Status Resolver::run(std::string_view host) {
  host_ = host;
  if (const Answer answer = by_exact(host)) return *answer;
  // A name that is spelled with `--` is the one with `__`, and so are its routes and their policies.
  const std::string underscored = with_underscores(host);
  if (const Answer answer = by_exact(underscored)) return *answer;
  if (explainer_ != nullptr) explainer_->no_exact();
  if (const Answer answer = by_grammar(host)) return *answer;
  if (const Answer answer = by_custom_domain(host)) return *answer;
  if (const Answer answer = by_wildcard(host, underscored)) return *answer;
  asked_.project = missed_;
  return refuse(miss_.value_or(Why{ErrorCode::kRouteNotFound, "no route leads to ", host, ""}));
}

Resolver::Answer Resolver::by_exact(std::string_view host) {
  const HostEntry* entry = host.empty() ? nullptr : pick_by_path(tables_.host(host), out_.path, now_);
  if (entry == nullptr) return std::nullopt;
  if (explainer_ != nullptr) explainer_->exact(*entry);
  return to_entry(*entry, host);
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
      return miss({ErrorCode::kRouteNotFound, "no route leads to ", host,
                   name.name.empty() ? "" : "; only a route can hold it"});
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
  if (machine->record.id != name.name) {
    if (const Answer answer = by_exact(machine_host(name, machine->record.id))) return answer;
  }
  return to_machine(*machine, port);
}

Resolver::Answer Resolver::by_project_name(const GrammarName& name) {
  const bool digits = name.prefixed && all_digits(name.prefix);
  if (digits && !parse_port(name.prefix)) {
    asked_.project = tables_.project(name.name);
    return refuse({ErrorCode::kInvalidPort, "", name.prefix, " is not a port: 1 to 65535, no leading zero"});
  }
  if (reserved_word(name.name)) {
    return miss({ErrorCode::kRouteNotFound, "", name.name, " is kept for the broker; only a route can hold it"});
  }
  if (!slug_form(name.name))
    return miss({ErrorCode::kInvalidProjectSlug, "", name.name, " cannot be a project's slug"});
  const ProjectNode* project = tables_.project(name.name);
  if (project == nullptr) return miss({ErrorCode::kProjectNotFound, "there is no project ", name.name, ""});
  named_project_ = asked_.project = project;
  if (!name.prefixed) return to_project(*project, nullptr, 0);
  named_prefix_ = name.prefix;
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
  asked_.project = project;
  const ServiceNode* service = find_service(*project, name.service);
  if (service == nullptr && !project->record.suspended) {
    return miss({ErrorCode::kServiceNotFound, "the project has no service ", name.service, ""});
  }
  named_project_ = project;
  named_prefix_ = name.service;
  out_.parent_is_project = true;
  return to_project(*project, service, 0);
}

Resolver::Answer Resolver::by_custom_domain(std::string_view host) {
  const std::string_view parent = after_first_label(host);
  const HostEntry* entry = parent.empty() ? nullptr : tables_.domain(parent);
  if (entry == nullptr) return std::nullopt;
  const std::string_view label = first_label(host);
  if (explainer_ != nullptr) explainer_->custom_domain(*entry, label);
  const ProjectNode& project = *entry->project;
  named_project_ = asked_.project = &project;
  named_prefix_ = label;
  out_.pattern = entry->pattern;
  out_.parent_is_project = true;
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

// The longest wildcard holds, whichever spelling it matches: its policy is not got round by the other one.
Resolver::Answer Resolver::by_wildcard(std::string_view host, std::string_view underscored) {
  const WildcardTrie::Spelled found = tables_.wildcards.match(host, underscored, out_.path, now_);
  if (found.entry == nullptr) return std::nullopt;
  if (explainer_ != nullptr) explainer_->wildcard(*found.entry);
  return to_entry(*found.entry, found.host);
}

Status Resolver::to_entry(const HostEntry& entry, std::string_view host) {
  out_.pattern = entry.pattern;
  entry_ = &entry;
  asked_.project = entry.project;
  if (entry.route == nullptr) named_project_ = entry.project;
  if (entry.has_path() && out_.path.ambiguous()) {
    return refuse({ErrorCode::kBadRequest, "servers read the path differently: its route ", entry.pattern,
                   " takes no dot segments, encoded slashes or backslashes"});
  }
  if (entry.route != nullptr) {
    out_.route_id = entry.route->id;
    out_.expires_at = entry.route->expires_at;
    if (is_over(entry.route->expires_at, now_)) {
      return refuse({ErrorCode::kRouteExpired, "the time of route ", entry.route->id, " is over"});
    }
  }
  if (entry.extras != nullptr) {
    capture(entry, host);
    const RouteTarget& found = entry.extras->target;
    if (!found.machine.empty() || !found.project.empty() || !found.service.empty()) return to_captured(entry);
  }
  if (entry.machine != nullptr && !entry.service.empty()) {
    return to_captured_machine(*entry.route, entry.machine, entry.service, 0);
  }
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

// The wildcards' values: of the host from its first label on, then of the path.
void Resolver::capture(const HostEntry& entry, std::string_view host) {
  const PatternExtras& extras = *entry.extras;
  if (extras.captures.empty()) return;
  out_.captures.begin(extras.captures);
  std::string_view shape = extras.host;
  if (first_label(shape) == "**") {
    // What `**` stands for is not captured: the rest has as many labels as its own.
    shape = after_first_label(shape);
    const auto labels = std::count(shape.begin(), shape.end(), '.');
    while (std::count(host.begin(), host.end(), '.') > labels) host = after_first_label(host);
  }
  for (; !shape.empty(); shape = after_first_label(shape), host = after_first_label(host)) {
    const std::string_view label = first_label(shape);
    const size_t star = label.find('*');
    if (star == std::string_view::npos) continue;
    const std::string_view value = first_label(host);
    out_.captures.add(value.substr(star, value.size() - (label.size() - 1)));
  }
  for (size_t i = 0; i < extras.path.size(); ++i) {
    if (extras.path.literal(i).empty()) out_.captures.add(out_.path.segment(i));
  }
}

namespace {

std::string filled(const std::string& text, const Captures& captures) {
  std::string out;
  expand(
      text, [&captures](std::string_view name) { return captures.value(name); }, out);
  return out;
}

}  // namespace

Status Resolver::to_captured(const HostEntry& entry) {
  const RouteTarget& target = entry.extras->target;
  const std::string service = target.service.empty() ? entry.service : filled(target.service, out_.captures);
  if (!target.project.empty() || entry.project != nullptr) {
    const std::string slug = filled(target.project, out_.captures);
    const ProjectNode* project = entry.project != nullptr ? entry.project : tables_.project(slug);
    if (project == nullptr) return refuse({ErrorCode::kProjectNotFound, "there is no project ", slug, ""});
    asked_.project = project;
    const ServiceNode* found = service.empty() ? nullptr : find_service(*project, service);
    if (found == nullptr && !service.empty()) {
      return refuse({ErrorCode::kServiceNotFound, "the project has no service ", service, ""});
    }
    return to_project(*project, found, entry.port);
  }
  const std::string id = filled(target.machine, out_.captures);
  // By the id alone: what is held against a capture (claims) must not lead to a machine of a like name.
  const MachineNode* machine = entry.machine != nullptr ? entry.machine : tables_.machine(id);
  // Of somebody else's machines not even that they are there is told.
  if (machine == nullptr || (entry.machine == nullptr && !owns(*entry.route, *machine))) {
    return refuse({ErrorCode::kMachineNotFound, "the route reaches no machine ", id, ""});
  }
  return to_captured_machine(*entry.route, machine, service, entry.port);
}

// The machine is the target; a service tells its port, as the route's owner has named it.
Status Resolver::to_captured_machine(const RouteNode& route, const MachineNode* machine, std::string_view service,
                                     int port) {
  if (service.empty()) return to_machine(*machine, port);
  const ProjectNode* owner = tables_.project(route.owner);
  const ServiceNode* found = owner == nullptr ? nullptr : find_service(*owner, service);
  if (found == nullptr) return refuse({ErrorCode::kServiceNotFound, "the project has no service ", service, ""});
  out_.service = found->name;
  asked_ = {owner, found};
  return to_machine(*machine, found->port);
}

bool Resolver::owns(const RouteNode& route, const MachineNode& machine) const {
  if (machine.record.owner == route.owner) return true;
  return std::any_of(machine.projects.begin(), machine.projects.end(),
                     [&route](const ProjectNode* project) { return project->record.slug == route.owner; });
}

Status Resolver::to_project(const ProjectNode& project, const ServiceNode* service, int port) {
  out_.project = project.record.slug;
  asked_ = {&project, service};
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

const ProjectNode* Resolver::owner_of(const MachineNode& machine) const {
  return machine.record.owner.empty() ? nullptr : tables_.project(machine.record.owner);
}

const ProjectNode* Resolver::tenant_of(const MachineNode& machine) const {
  const bool routed = entry_ != nullptr && entry_->route != nullptr && !entry_->route->owner.empty();
  if (const ProjectNode* const owner = routed ? tables_.project(entry_->route->owner) : nullptr) return owner;
  if (const ProjectNode* const owner = owner_of(machine)) return owner;
  return machine.projects.empty() ? nullptr : machine.projects.front();
}

// A machine inherits the projects that it is attached to: it is closed while all of them are suspended, and while the
// one is that it belongs to.
Status Resolver::to_machine(const MachineNode& machine, int port) {
  const auto& projects = machine.projects;
  if (asked_.project == nullptr) {
    asked_.project = tenant_of(machine);
    by_attachment_ =
        asked_.project != nullptr && asked_.project->record.slug != machine.record.owner &&
        (entry_ == nullptr || entry_->route == nullptr || asked_.project->record.slug != entry_->route->owner);
  }
  const bool suspended =
      !projects.empty() && std::all_of(projects.begin(), projects.end(),
                                       [](const ProjectNode* project) { return project->record.suspended; });
  if (suspended) return refuse({ErrorCode::kForbidden, "project ", projects.front()->record.slug, " is suspended"});
  if (const ProjectNode* const owner = owner_of(machine); owner != nullptr && owner->record.suspended) {
    return refuse({ErrorCode::kForbidden, "project ", owner->record.slug, " is suspended"});
  }
  return finish(machine, port != 0 ? port : machine.record.default_port);
}

void Resolver::name_tenant() {
  if (asked_.project != nullptr && !by_attachment_) {
    out_.tenant = asked_.project->record.slug;
  } else if (entry_ != nullptr && entry_->route != nullptr) {
    out_.tenant = entry_->route->owner;
  }
}

Status Resolver::finish(const MachineNode& machine, int port) {
  name_tenant();
  out_.machine = machine.record.id;
  out_.port = port;
  out_.machine_state = machine.record.state;
  if (machine.record.state == MachineState::kArchived) {
    return refuse({ErrorCode::kMachineNotRoutable, "machine ", machine.record.id, " is archived"});
  }
  const int64_t expires_at = machine.record.expires_at;
  if (is_gone(expires_at, now_))
    return refuse({ErrorCode::kMachineNotFound, "there is no machine ", machine.record.id, ""});
  if (is_over(expires_at, now_)) {
    return refuse({ErrorCode::kRouteExpired, "the time of machine ", machine.record.id, " is over"});
  }
  if (expires_at != 0 && (out_.expires_at == 0 || expires_at < out_.expires_at)) out_.expires_at = expires_at;
  gather_policies(machine, port);
  if (named_project_ != nullptr && !compares_ && out_.policy.canonical()) {
    find_canonical(*named_project_, named_prefix_);
  }
  if (explainer_ != nullptr) {
    explainer_->policies(policies_, entry_, machine, port, asked_);
    explainer_->found(out_);
  }
  return {};
}

void Resolver::gather_policies(const MachineNode& machine, int port) {
  out_.policy.enforce(policies_.enforced.get());
  if (entry_ != nullptr) out_.policy.add(entry_->policy.get());
  // The owner's before those of the projects that the machine is attached to: of too many the first ones hold.
  if (const ProjectNode* const owner = owner_of(machine); owner != nullptr && owner->quota != nullptr) {
    out_.policy.add_quota({owner->quota.get(), owner->record.slug});
  }
  add_port_policies(machine, port, asked_, out_.policy);
  out_.policy.next_level();
  out_.policy.add(policies_.defaults.get());
}

// Its custom domain, the first by name; without one every name is as good as the others.
void Resolver::find_canonical(const ProjectNode& project, std::string_view prefix) {
  if (project.domains.empty()) return;
  std::string& name = out_.canonical_host;
  if (!prefix.empty()) name.append(prefix).append(".");
  name.append(project.domains.front()->pattern);
  // The host may be it in its other spelling.
  if (name == host_ || name == with_underscores(host_) || !leads_here(name)) name.clear();
}

// A route, or another project's domain, may hold the name: nobody is sent there.
bool Resolver::leads_here(std::string_view host) const {
  if (host.size() > kMaxHostBytes) return false;
  Resolution there;
  there.path = out_.path;
  Resolver other({tables_, domains_, policies_, now_}, there, nullptr);
  other.compares_ = true;
  return other.run(host) && there.project == out_.project && there.machine == out_.machine && there.port == out_.port;
}

Resolver::Answer Resolver::miss(const Why& why) {
  if (explainer_ != nullptr) explainer_->passed_over();
  out_.clear();
  named_project_ = nullptr;
  named_prefix_ = {};
  if (!miss_) {
    miss_ = why;
    missed_ = asked_.project;
  }
  asked_ = {};
  return std::nullopt;
}

// What the refusal is told with (its fields) is under the policy of the pattern that led here, of the project whose
// host it is, and the broker's.
Status Resolver::refuse(const Why& why) {
  name_tenant();
  out_.policy.enforce(policies_.enforced.get());
  if (entry_ != nullptr) out_.policy.add(entry_->policy.get());
  out_.policy.next_level();
  if (asked_.project != nullptr) out_.policy.add(asked_.project->policy.get());
  out_.policy.next_level();
  out_.policy.add(policies_.defaults.get());
  if (explainer_ != nullptr) {
    explainer_->refused(why.code, why.before + ("\"" + std::string(why.subject)) + "\"" + why.after);
  }
  // The code says it all to a client, but for what it can mend in the request; `why` tells more to the operator.
  const bool by_path = why.code == ErrorCode::kBadRequest;
  return fail(
      why.code, Side::kClient,
      by_path ? "the path has dot segments, encoded slashes or backslashes, which servers read differently" : "");
}

}  // namespace ingress::broker
