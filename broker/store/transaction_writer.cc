#include "broker/store/transaction_writer.h"

#include "broker/model/ids.h"
#include "broker/model/machine_state.h"
#include "broker/model/target_template.h"
#include "broker/store/record_json.h"
#include "broker/store/writer_refusals.h"

namespace ingress::broker {

using Checked = TransactionWriter::Checked;

namespace {

// Whose row it is; "" where it changes hands, which is the operator's business.
template <class Record>
std::string owner_of(const std::optional<Record>& before, const Record& after) {
  return before && before->owner != after.owner ? std::string() : after.owner;
}

}  // namespace

Checked TransactionWriter::put(Change change) {
  next_.push_back(std::move(change));
  while (!next_.empty()) {
    Change current = std::move(next_.front());
    next_.pop_front();
    if (Checked done = std::visit(*this, current); !done) return done;
    applied_.push_back(std::move(current));
  }
  return {};
}

Checked TransactionWriter::put_now(Change change) {
  if (Checked done = std::visit(*this, change); !done) return done;
  applied_.push_back(std::move(change));
  return {};
}

void TransactionWriter::record(Entry entry) {
  tables_.append({++revision_, at_, actor_, std::move(entry.operation), std::move(entry.subject),
                  std::move(entry.before), std::move(entry.after), std::move(entry.project)});
}

void TransactionWriter::record_put(Entry entry) {
  entry.operation += entry.before.empty() ? ".create" : ".update";
  record(std::move(entry));
}

Checked TransactionWriter::check_machine_exists(const std::string& id) {
  return tables_.has_machine(id) ? Checked() : not_found("machine", id);
}

Checked TransactionWriter::check_owner(const std::string& owner) {
  return owner.empty() ? Checked() : check_project_exists(owner);
}

std::string TransactionWriter::owner_of_machine(const std::string& machine) {
  const std::optional<Machine> row = tables_.machine(machine);
  return row ? row->owner : std::string();
}

// One more of what `noun` names for a project; `count` is asked once a transaction.
Checked TransactionWriter::take_quota(const std::string& owner, std::string_view noun, int64_t ProjectLimits::*limit,
                                      int64_t (Tables::*count)(std::string_view)) {
  if (owner.empty()) return {};
  const std::optional<Project> project = tables_.project(owner);
  if (!project) return not_found("project", owner);
  std::string problem;
  const Result<ProjectLimits> limits = parse_limits(project->limits, problem);
  if (!limits || (*limits).*limit < 0) return {};
  const auto [counted, fresh] = counts_.try_emplace(std::string(noun) + "/" + owner, 0);
  if (fresh) counted->second = (tables_.*count)(owner);
  if (counted->second++ < (*limits).*limit) return {};
  return refuse(ErrorCode::kTooLarge, "project " + in_quotes(owner) + " may have " + std::to_string((*limits).*limit) +
                                          " " + std::string(noun) + " and has them: its limits say so");
}

void TransactionWriter::give_back_quota(const std::string& owner, std::string_view noun) {
  const auto counted = counts_.find(std::string(noun) + "/" + owner);
  if (counted != counts_.end()) --counted->second;
}

Checked TransactionWriter::check_project_exists(const std::string& slug) {
  return tables_.has_project(slug) ? Checked() : not_found("project", slug);
}

Checked TransactionWriter::operator()(PutMachine& change) {
  const Machine& machine = change.machine;
  if (Checked good = check(machine); !good) return good;
  const std::string holder = tables_.machine_of_alias(alias_of(machine.id));
  if (!holder.empty() && holder != machine.id) {
    const std::string taken = "machine " + in_quotes(machine.id) + " is taken";
    return conflict_with(owner_of_machine(holder), taken + " by " + in_quotes(holder), taken);
  }
  if (Checked good = check_owner(machine.owner); !good) return good;
  std::optional<Machine> before = tables_.machine(machine.id);
  if (before && change.create) {
    if (!makes_way(before, machine.owner)) return exists_already("machine", machine.id);
    if (Checked done = delete_expired_machine(*before); !done) return done;
    before.reset();
  }
  if (Checked good = move_quota(before, machine, "machines", &ProjectLimits::machines, &Tables::count_of_machines);
      !good)
    return good;
  tables_.put(machine);
  record_put({"machine", machine.id, json_or_nothing(before), json_of(machine), owner_of(before, machine)});
  return {};
}

Checked TransactionWriter::operator()(DeleteMachine& change) {
  const std::optional<Machine> before = tables_.machine(change.id);
  if (!before) return not_found("machine", change.id);
  if (Checked good = check_unnamed(change.id); !good) return good;
  if (Checked done = delete_what_opens_machine(change.id); !done) return done;
  tables_.erase_machine(change.id);
  give_back_quota(before->owner, "machines");
  record({"machine.delete", change.id, json_of(*before), "", before->owner});
  return {};
}

// As when it is swept, but no other project loses a machine by it.
Checked TransactionWriter::delete_expired_machine(const Machine& machine) {
  while (true) {
    const std::string project = tables_.project_attached_to(machine.id);
    if (project.empty() || project != machine.owner) break;
    if (Checked done = put_now(AttachMachine{project, ""}); !done) return done;
  }
  return put_now(DeleteMachine{machine.id});
}

// Nothing else in the tables names it.
Checked TransactionWriter::check_unnamed(const std::string& machine) {
  const std::string refused = "machine " + in_quotes(machine) + " cannot be deleted: ";
  if (const std::string project = tables_.project_attached_to(machine); !project.empty()) {
    return conflict_with(project, refused + "it is attached to project " + in_quotes(project),
                         refused + "it is attached to another project");
  }
  if (const std::string service = tables_.service_on(machine); !service.empty()) {
    return conflict_with(service.substr(0, service.find('/')), refused + "service " + in_quotes(service) + " is on it",
                         refused + "a service of another project is on it");
  }
  if (const std::string route = tables_.route_to_machine(machine); !route.empty()) {
    return conflict_with(tables_.owner_of_route(route), refused + "route " + in_quotes(route) + " leads to it",
                         refused + "a route that is not this project's leads to it");
  }
  return {};
}

// Or they would open a later machine of that id. The tables would lose some of them by themselves, and tell nobody.
Checked TransactionWriter::delete_what_opens_machine(const std::string& machine) {
  for (std::string& id : tables_.tokens_of(machine)) {
    if (Checked done = put_now(DeleteToken{machine, std::move(id)}); !done) return done;
  }
  for (std::string& id : tables_.shares_on(machine)) {
    if (Checked done = move_or_delete_share(id); !done) return done;
  }
  for (std::string& id : tables_.tcp_tokens_of(machine)) {
    if (Checked done = put_now(DeleteAccessToken{std::move(id)}); !done) return done;
  }
  return {};
}

// Before its machine is deleted: one of a project's host goes on with the machine that is attached now. One of a route
// to a machine, or of the machine's own host, opens no other.
Checked TransactionWriter::move_or_delete_share(const std::string& id) {
  std::optional<Share> share = tables_.share(id);
  const bool may_move = share && is_of_project_host(*share);
  const std::optional<Project> project = may_move ? tables_.project(share->project) : std::nullopt;
  if (!project || project->machine.empty() || project->machine == share->machine) return put_now(DeleteShare{id});
  share->machine = project->machine;
  return put_now(PutShare{std::move(*share)});
}

Checked TransactionWriter::operator()(PutProject& change) {
  Project& project = change.project;
  if (Checked good = check(project); !good) return good;
  const std::optional<Project> before = tables_.project(project.slug);
  if (before && change.create) return exists_already("project", project.slug);
  if (before) {
    project.machine = before->machine;
  } else if (!project.machine.empty()) {
    next_.emplace_back(AttachMachine{project.slug, std::exchange(project.machine, "")});
  }
  tables_.put(project);
  record_put({"project", project.slug, json_or_nothing(before), json_of(project), project.slug});
  return {};
}

Checked TransactionWriter::operator()(DeleteProject& change) {
  const std::optional<Project> before = tables_.project(change.slug);
  if (!before) return not_found("project", change.slug);
  if (const std::string route = tables_.route_to_project(change.slug); !route.empty()) {
    return conflict("project " + in_quotes(change.slug) + " cannot be deleted: route " + in_quotes(route) +
                    " leads to it");
  }
  if (const std::string route = tables_.route_owned_by(change.slug); !route.empty()) {
    return conflict("project " + in_quotes(change.slug) + " cannot be deleted: route " + in_quotes(route) +
                    " belongs to it");
  }
  if (const std::string machine = tables_.machine_owned_by(change.slug); !machine.empty()) {
    return conflict("project " + in_quotes(change.slug) + " cannot be deleted: machine " + in_quotes(machine) +
                    " belongs to it");
  }
  // Or they would open a later project of that name.
  for (std::string& id : tables_.shares_of(change.slug)) next_.emplace_back(DeleteShare{std::move(id)});
  for (std::string& id : tables_.access_tokens_of(change.slug)) next_.emplace_back(DeleteAccessToken{std::move(id)});
  for (std::string& id : tables_.join_tokens_of(change.slug)) next_.emplace_back(DeleteJoinToken{std::move(id)});
  tables_.erase_project(change.slug);
  release(before->machine);
  record({"project.delete", change.slug, json_of(*before), "", change.slug});
  return {};
}

Checked TransactionWriter::operator()(AttachMachine& change) {
  std::optional<Project> project = tables_.project(change.project);
  if (!project) return not_found("project", change.project);
  std::optional<Machine> machine;
  if (!change.machine.empty()) {
    machine = tables_.machine(change.machine);
    if (!machine) return not_found("machine", change.machine);
  }
  const std::string before = std::exchange(project->machine, change.machine);
  tables_.put(*project);
  if (before != change.machine) release(before);
  if (machine) {
    machine->state = state_when_attached(machine->state);
    tables_.put(*machine);
  }
  record({machine ? "project.attach" : "project.detach", change.project, json_of_attachment(before),
          json_of_attachment(change.machine), change.project});
  return {};
}

void TransactionWriter::release(const std::string& machine) {
  if (machine.empty() || !tables_.project_attached_to(machine).empty()) return;
  std::optional<Machine> released = tables_.machine(machine);
  if (!released) return;
  released->state = state_when_released(released->state);
  tables_.put(*released);
}

Checked TransactionWriter::operator()(PutService& change) {
  const Service& service = change.service;
  if (Checked good = check(service); !good) return good;
  if (Checked good = check_project_exists(service.project); !good) return good;
  if (!service.machine.empty()) {
    if (Checked good = check_machine_exists(service.machine); !good) return good;
  }
  const std::string subject = service.project + "/" + service.name;
  const std::optional<Service> before = tables_.service(service.project, service.name);
  if (before && change.create) return exists_already("service", subject);
  tables_.put(service);
  record_put({"service", subject, json_or_nothing(before), json_of(service), service.project});
  return {};
}

Checked TransactionWriter::operator()(DeleteService& change) {
  const std::string subject = change.project + "/" + change.name;
  const std::optional<Service> before = tables_.service(change.project, change.name);
  if (!before) return not_found("service", subject);
  if (const std::string route = tables_.route_to_service(change.project, change.name); !route.empty()) {
    const std::string refused = "service " + in_quotes(subject) + " cannot be deleted: ";
    return conflict_with(tables_.owner_of_route(route), refused + "route " + in_quotes(route) + " leads to it",
                         refused + "a route that is not this project's leads to it");
  }
  tables_.erase_service(change.project, change.name);
  record({"service.delete", subject, json_of(*before), "", change.project});
  return {};
}

Checked TransactionWriter::operator()(PutRoute& change) {
  Route& route = change.route;
  if (Checked good = check(route); !good) return good;
  std::optional<Route> before = tables_.route(route.id);
  if (before && change.create) {
    if (!makes_way(before, route.owner)) return exists_already("route", route.id);
    if (Checked done = put_now(DeleteRoute{route.id}); !done) return done;
    before.reset();
  }
  if (Checked good = check_owner(route.owner); !good) return good;
  if (Checked good = check_targets(route); !good) return good;
  if (Checked good = claim_patterns(route, change.overwrite); !good) return good;
  if (Checked good = move_quota(before, route, "routes", &ProjectLimits::routes, &Tables::count_of_routes); !good)
    return good;
  if (before) tables_.erase_patterns_of(route.id);
  tables_.put(route);
  record_put({"route", route.id, json_or_nothing(before), json_of(route), owner_of(before, route)});
  return {};
}

Checked TransactionWriter::check_targets(const Route& route) {
  for (const RoutePattern& pattern : route.patterns) {
    const RouteTarget& target = pattern.target;
    const bool is_machine = !target.machine.empty();
    const std::string& name = is_machine ? target.machine : target.project;
    if (!has_capture(name)) {
      if (Checked good = is_machine ? check_machine_exists(name) : check_project_exists(name); !good) return good;
    }
    const std::string& project = is_machine ? route.owner : target.project;
    if (target.service.empty() || has_capture(target.service) || has_capture(project)) continue;
    if (!tables_.service(project, target.service)) return not_found("service", project + "/" + target.service);
  }
  return {};
}

Checked TransactionWriter::claim_patterns(const Route& route, bool overwrite) {
  for (const RoutePattern& pattern : route.patterns) {
    if (const std::optional<Domain> domain = tables_.domain(pattern.pattern)) {
      return conflict_with(domain->project,
                           in_quotes(pattern.pattern) + " is a custom domain of project " + in_quotes(domain->project),
                           in_quotes(pattern.pattern) + " is a custom domain of another project");
    }
    const std::string holder = tables_.route_of_pattern(pattern.pattern);
    if (holder.empty() || holder == route.id) continue;
    if (overwrite) {
      take_pattern(pattern.pattern, holder);
    } else if (makes_way(tables_.route(holder), route.owner)) {
      if (Checked done = put_now(DeleteRoute{holder}); !done) return done;
    } else {
      const std::string held = "pattern " + in_quotes(pattern.shown()) + " is held by ";
      return conflict_with(tables_.owner_of_route(holder), held + "route " + in_quotes(holder),
                           held + "a route that is not this project's");
    }
  }
  return {};
}

void TransactionWriter::take_pattern(const std::string& pattern, const std::string& holder) {
  const std::optional<Route> before = tables_.route(holder);
  if (!before) return;  // the database has failed
  tables_.erase_pattern(pattern);
  if (before->patterns.size() == 1) {
    tables_.erase_route(holder);
    give_back_quota(before->owner, "routes");
    record({"route.delete", holder, json_of(*before), "", before->owner});
    return;
  }
  Route after = *before;
  std::erase_if(after.patterns, [&pattern](const RoutePattern& held) { return held.pattern == pattern; });
  record({"route.update", holder, json_of(*before), json_of(after), before->owner});
}

Checked TransactionWriter::operator()(DeleteRoute& change) {
  const std::optional<Route> before = tables_.route(change.id);
  if (!before) return not_found("route", change.id);
  tables_.erase_route(change.id);
  give_back_quota(before->owner, "routes");
  record({"route.delete", change.id, json_of(*before), "", before->owner});
  return {};
}

Checked TransactionWriter::operator()(PutDomain& change) {
  const Domain& domain = change.domain;
  if (Checked good = check(change.domain); !good) return good;
  if (Checked good = check_project_exists(domain.project); !good) return good;
  if (const std::string route = tables_.route_of_pattern(domain.name);
      makes_way(tables_.route(route), domain.project)) {
    if (Checked done = put_now(DeleteRoute{route}); !done) return done;
  } else if (!route.empty()) {
    const std::string held = in_quotes(domain.name) + " is held by ";
    return conflict_with(tables_.owner_of_route(route), held + "route " + in_quotes(route),
                         held + "a route that is not this project's");
  }
  const std::optional<Domain> before = tables_.domain(domain.name);
  if (before && before->project != domain.project) {
    const std::string held = "domain " + in_quotes(domain.name) + " is held by ";
    return conflict_with(before->project, held + "project " + in_quotes(before->project), held + "another project");
  }
  tables_.put(domain);
  record_put({"domain", domain.name, json_or_nothing(before), json_of(domain), domain.project});
  return {};
}

Checked TransactionWriter::operator()(DeleteDomain& change) {
  const std::optional<Domain> before = tables_.domain(change.name);
  if (!before) return not_found("domain", change.name);
  tables_.erase_domain(change.name);
  record({"domain.delete", change.name, json_of(*before), "", before->project});
  return {};
}

}  // namespace ingress::broker
