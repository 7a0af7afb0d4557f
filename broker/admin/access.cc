#include "broker/admin/access.h"

#include <algorithm>

#include "broker/admin/name_claims.h"
#include "broker/model/target_template.h"
#include "broker/routing/pattern.h"
#include "broker/store/record_rules.h"
#include "common/base/names.h"

namespace ingress::broker::admin {
namespace {

using Refused = std::optional<Answer>;

Answer forbidden(std::string_view detail) { return problem(403, "forbidden", detail); }

// Whoever gives it: an address is nobody's name, and the broker's own is one. A route of the operator may have one,
// since clients do send such hosts.
Refused refuse_address(const Domain& domain) {
  if (!address_form(domain.name)) return std::nullopt;
  return problem(
      400, "invalid_argument",
      "\"" + domain.name +
          "\" is no custom domain: its last label is a number, so that clients take it for an IP address. The "
          "operator may make a route for an address: ingressctl route create " +
          domain.name + " --project " + domain.project);
}

// Of a project's token. What is another's is not there for it.
class ProjectGuard {
 public:
  ProjectGuard(const std::string& project, const std::vector<std::string>& domains, Tables& tables)
      : project_(project), domains_(domains), tables_(tables) {}

  Refused operator()(PutMachine& change) {
    const std::optional<Machine> before = tables_.machine(change.machine.id);
    if (before && before->owner != project_ && !change.create) return not_found("machine", change.machine.id);
    return change.machine.owner == project_ ? Refused() : others();
  }
  Refused operator()(DeleteMachine& change) { return own_machine(change.id); }
  Refused operator()(PutToken& change) { return own_machine(change.token.machine); }
  Refused operator()(DeleteToken& change) { return own_machine(change.machine); }
  Refused operator()(PutProject& change) {
    const std::optional<Project> before = tables_.project(change.project.slug);
    if (change.create) return others();
    if (!before || before->slug != project_) return not_found("project", change.project.slug);
    if (before->suspended != change.project.suspended || before->limits != change.project.limits) {
      return forbidden("a project's token changes neither its suspension nor its limits");
    }
    return std::nullopt;
  }
  Refused operator()(DeleteProject& change) {
    if (change.slug != project_) return not_found("project", change.slug);
    return forbidden("a project's token cannot delete the project");
  }
  Refused operator()(AttachMachine& change) {
    if (change.project != project_) return not_found("project", change.project);
    return change.machine.empty() ? Refused() : own_machine(change.machine);
  }
  Refused operator()(PutService& change) {
    if (change.service.project != project_) return not_found("project", change.service.project);
    return change.service.machine.empty() ? Refused() : own_machine(change.service.machine);
  }
  Refused operator()(DeleteService& change) {
    return change.project == project_ ? Refused() : not_found("project", change.project);
  }
  Refused operator()(PutRoute& change);
  Refused operator()(DeleteRoute& change) {
    const std::optional<Route> before = tables_.route(change.id);
    return before && before->owner == project_ ? Refused() : not_found("route", change.id);
  }
  Refused operator()(PutDomain& change) {
    if (change.domain.project != project_) return not_found("project", change.domain.project);
    // One that it has takes nothing more.
    const std::optional<Domain> before = tables_.domain(change.domain.name);
    if (before && before->project == project_) return std::nullopt;
    if (Refused refused = refuse_address(change.domain)) return refused;
    if (Refused refused = refuse_loopback(change.domain.name, change.domain.name)) return refused;
    if (!may_name(change.domain.name, {}, domains_)) {
      return forbidden("\"" + change.domain.name + "\" is a name of the broker, or above or under one");
    }
    return free_name(change.domain.name, NameKind::kDomain, change.domain.name);
  }
  Refused operator()(DeleteDomain& change) {
    const std::optional<Domain> before = tables_.domain(change.name);
    return before && before->project == project_ ? Refused() : not_found("domain", change.name);
  }
  Refused operator()(PutShare& change) {
    if (change.share.project != project_) return others();
    const std::optional<Machine> machine = tables_.machine(change.share.machine);
    const Role role{RoleKind::kProject, project_};
    return (machine && sees(role, tables_, *machine)) || has_share(change.share) ? Refused() : others();
  }
  Refused operator()(DeleteShare& change) {
    const std::optional<Share> before = tables_.share(change.id);
    return before && before->project == project_ ? Refused() : not_found("share", change.id);
  }
  Refused operator()(PutJoinToken& change) { return change.token.project == project_ ? Refused() : others(); }
  Refused operator()(DeleteJoinToken& change) {
    const std::optional<JoinToken> before = tables_.join_token(change.id);
    return before && before->project == project_ ? Refused() : not_found("join token", change.id);
  }
  Refused operator()(PutAccessToken&) { return others(); }
  Refused operator()(DeleteAccessToken&) { return others(); }

 private:
  Answer others() const { return forbidden("this token is for project \"" + project_ + "\" alone"); }
  Refused own_machine(const std::string& id) {
    const std::optional<Machine> machine = tables_.machine(id);
    return machine && machine->owner == project_ ? Refused() : not_found("machine", id);
  }
  // One of its host's that it has opens nothing more, whatever machine the project has by now.
  bool has_share(const Share& share) {
    const std::optional<Share> before = tables_.share(share.id);
    return before && is_of_project_host(*before) && before->project == project_ && before->machine == share.machine &&
           before->host == share.host && before->path == share.path && before->port == share.port;
  }
  Refused own_target(const RouteTarget& target) {
    if (!target.project.empty() && target.project != project_) return not_found("project", target.project);
    // Names with captures lead to machines of the route's owner alone.
    if (target.machine.empty() || has_capture(target.machine)) return std::nullopt;
    return own_machine(target.machine);
  }

  Refused refuse_loopback(std::string_view host, const std::string& shown) const {
    if (!is_loopback_host(host, domains_)) return std::nullopt;
    return forbidden("\"" + shown + "\" is a name that each machine has for itself: no project takes it");
  }
  // What no project has, or not this one, whoever else has names.
  Refused refuse_host(const RoutePattern& pattern) const {
    const std::string_view host = host_of_shape(pattern.pattern);
    const std::string shown = "\"" + pattern.shown() + "\" ";
    if (address_form(host)) {
      return forbidden(shown +
                       "has a number for its last label, so that clients take its host for an IP address: only "
                       "the operator makes such a route");
    }
    if (Refused refused = refuse_loopback(host, pattern.shown())) return refused;
    if (!may_name(host, project_, domains_)) {
      return forbidden(shown + "takes a name of the broker that is not the project's");
    }
    if (is_narrow(host)) return std::nullopt;
    return forbidden(shown + "is too wide: a project's names end in two labels without a wildcard");
  }
  Refused free_name(std::string_view host, NameKind kind, const std::string& shown) {
    if (!is_anothers(host, kind, project_, tables_)) return std::nullopt;
    return forbidden("\"" + shown + "\" takes a name that another project holds");
  }

  const std::string& project_;
  const std::vector<std::string>& domains_;
  Tables& tables_;
};

Refused ProjectGuard::operator()(PutRoute& change) {
  Route& route = change.route;
  const std::optional<Route> before = tables_.route(route.id);
  if (before && before->owner != project_ && !change.create) return not_found("route", route.id);
  if (route.owner != project_) return others();
  for (const RoutePattern& pattern : route.patterns) {
    if (Refused refused = own_target(pattern.target)) return refused;
    const std::string holder = tables_.route_of_pattern(pattern.pattern);
    const bool has_it = before && holder == route.id && before->owner == project_;
    if (Refused refused = has_it ? Refused() : refuse_host(pattern)) return refused;
    if (holder.empty()) continue;
    const std::optional<Route> held = tables_.route(holder);
    if (held && held->owner != project_) change.overwrite = false;
  }
  for (const RoutePattern& pattern : route.patterns) {
    // The pattern itself is a conflict, which the writer tells.
    if (!tables_.route_of_pattern(pattern.pattern).empty()) continue;
    // Another path of a host that it has takes nothing more.
    if (tables_.has_host(host_of_shape(pattern.pattern), project_)) continue;
    if (Refused refused = free_name(host_of_shape(pattern.pattern), NameKind::kHost, pattern.shown())) return refused;
  }
  return std::nullopt;
}

// Who may give any name: a custom domain is stronger than the grammar, and would take the host from its owner unseen.
Refused check_domain(const std::vector<std::string>& domains, Tables& tables, const Change& change) {
  const auto* put = std::get_if<PutDomain>(&change);
  if (put == nullptr) return std::nullopt;
  if (Refused refused = refuse_address(put->domain)) return refused;
  if (!is_grammar_host(put->domain.name, domains)) return std::nullopt;
  if (tables.domain(put->domain.name)) return std::nullopt;  // there already: the writer tells
  const std::string& name = put->domain.name;
  return problem(
      409, "conflict",
      "\"" + name +
          "\" is a name under the broker's DOMAIN, where machines, projects and services have theirs: no custom "
          "domain takes it. To lead it elsewhere make a route: ingressctl route create " +
          name + " --project " + put->domain.project);
}

// Names are judged as they are kept: a change may come with those that people read, "{x}.example.com".
Refused normalise(Change& change) {
  std::string sentence;
  Status good;
  if (auto* route = std::get_if<PutRoute>(&change)) good = normalise_patterns(route->route, sentence);
  if (auto* domain = std::get_if<PutDomain>(&change)) good = check_record(domain->domain, sentence);
  return good ? Refused() : problem_of(StoreError{good.error(), std::move(sentence)});
}

}  // namespace

bool sees(const Role& role, Tables& tables, const Machine& machine) {
  if (role.kind != RoleKind::kProject || machine.owner == role.project) return true;
  const std::optional<Project> project = tables.project(role.project);
  return (project && project->machine == machine.id) || tables.has_service_on(role.project, machine.id);
}

Machine seen_by(const Role& role, Machine machine) {
  if (role.kind != RoleKind::kProject || machine.owner == role.project) return machine;
  const Machine nothing_told;
  machine.owner = nothing_told.owner;
  machine.metadata = nothing_told.metadata;
  machine.policy = nothing_told.policy;
  return machine;
}

std::optional<Answer> check_access(const Role& role, const std::vector<std::string>& domains, Tables& tables,
                                   Change& change) {
  if (role.kind == RoleKind::kRead) return forbidden("this token only reads");
  if (role.kind == RoleKind::kTcp) return forbidden("this token only connects");
  if (Refused refused = normalise(change)) return refused;
  switch (role.kind) {
    case RoleKind::kFull:
      return check_domain(domains, tables, change);
    case RoleKind::kWrite:
      if (!std::holds_alternative<PutAccessToken>(change) && !std::holds_alternative<DeleteAccessToken>(change)) {
        return check_domain(domains, tables, change);
      }
      return forbidden("tokens of the API are made and revoked by the operator alone");
    case RoleKind::kRead:
    case RoleKind::kTcp:
    case RoleKind::kProject:
      break;
  }
  return std::visit(ProjectGuard(role.project, domains, tables), change);
}

}  // namespace ingress::broker::admin
