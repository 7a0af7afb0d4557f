#include "broker/routing/index_writer.h"

#include <algorithm>

#include "broker/model/machine_state.h"
#include "broker/model/target_template.h"
#include "broker/policy/project_limits.h"
#include "broker/routing/pattern.h"

namespace ingress::broker {
namespace {

bool by_slug(const ProjectNode* a, const ProjectNode* b) { return a->record.slug < b->record.slug; }
bool by_pattern(const HostEntry* a, const HostEntry* b) { return a->pattern < b->pattern; }

}  // namespace

IndexWriter::~IndexWriter() {
  if (news_ == nullptr) return;
  for (const MachineNews& news : *news_) {
    MachineNode* node = news.kind == MachineNews::Kind::kTouched ? tables_.machine(news.machine) : nullptr;
    if (node != nullptr) node->touched = false;
  }
}

void IndexWriter::touch(MachineNode* machine) {
  if (news_ == nullptr || machine == nullptr || machine->touched) return;
  machine->touched = true;
  tell(MachineNews::Kind::kTouched, *machine, nullptr);
}

void IndexWriter::touch_all_of(const ProjectNode& project) {
  touch(project.machine);
  for (const auto& service : project.services) touch(service->machine);
}

void IndexWriter::touch_target(const HostEntry& entry) {
  if (news_ == nullptr) return;
  touch(entry.machine);
  if (entry.project == nullptr) return;
  touch(entry.project->machine);
  const ServiceNode* service = entry.service.empty() ? nullptr : find_service(*entry.project, entry.service);
  if (service != nullptr) touch(service->machine);
}

void IndexWriter::tell(MachineNews::Kind kind, const MachineNode& machine, const ProjectNode* project) {
  if (news_ == nullptr) return;
  news_->push_back({kind, machine.record.id, project == nullptr ? std::string() : project->record.slug});
}

void IndexWriter::operator()(const PutMachine& change) {
  MachineNode* node = tables_.machine(change.machine.id);
  if (node == nullptr) {
    node = new MachineNode;  // nodes are owned by the tables
    node->record = change.machine;
    tables_.machines.insert(hash_machine(node->record.id), *node);
  } else {
    node->record = change.machine;
  }
  node->policy = policies_.of(change.machine.policy);
  touch(node);
}

void IndexWriter::operator()(const DeleteMachine& change) {
  MachineNode* node = tables_.machine(change.id);
  if (node == nullptr || !node->projects.empty() || !node->pinned.empty() || node->entries != nullptr) return;
  while (!node->shares.empty()) remove_share(node->shares.back());
  tables_.machines.erase(hash_machine(node->record.id), *node);
  tell(MachineNews::Kind::kDeleted, *node, nullptr);
  delete node;
}

void IndexWriter::operator()(const PutToken& change) {
  MachineNode* node = tables_.machine(change.token.machine);
  if (node == nullptr) return;
  for (TokenKey& key : node->tokens) {
    if (key.id != change.token.id) continue;
    key.sha256 = change.token.sha256;
    return;
  }
  node->tokens.push_back({change.token.id, change.token.sha256});
}

void IndexWriter::operator()(const DeleteToken& change) {
  MachineNode* node = tables_.machine(change.machine);
  if (node == nullptr) return;
  std::erase_if(node->tokens, [&change](const TokenKey& key) { return key.id == change.id; });
}

void IndexWriter::operator()(const PutProject& change) {
  ProjectNode* node = tables_.project(change.project.slug);
  if (node != nullptr) {
    std::string machine = std::move(node->record.machine);
    node->record = change.project;
    node->record.machine = std::move(machine);
  } else {
    node = new ProjectNode;
    node->record = change.project;
    node->record.machine.clear();
    tables_.projects.insert(hash_name(node->record.slug), *node);
    if (!change.project.machine.empty()) attach(*node, tables_.machine(change.project.machine), false);
  }
  node->policy = policies_.of(change.project.policy);
  node->quota = quota_of(change.project.limits);
  touch_all_of(*node);
}

void IndexWriter::operator()(const DeleteProject& change) {
  ProjectNode* node = tables_.project(change.slug);
  if (node == nullptr) return;
  for (const HostEntry* entry = node->entries; entry != nullptr; entry = entry->next_of_target) {
    if (entry->route != nullptr) return;
  }
  touch_all_of(*node);
  while (node->entries != nullptr) remove_host(node->entries);
  for (const auto& service : node->services) pin(*service, nullptr);
  detach(*node, true);
  tables_.projects.erase(hash_name(node->record.slug), *node);
  delete node;
}

void IndexWriter::operator()(const AttachMachine& change) {
  ProjectNode* node = tables_.project(change.project);
  if (node == nullptr) return;
  if (change.machine.empty()) {
    detach(*node, true);
  } else {
    attach(*node, tables_.machine(change.machine), true);
  }
}

void IndexWriter::attach(ProjectNode& project, MachineNode* machine, bool move_states) {
  if (machine == nullptr) return;
  if (project.machine != machine) {
    detach(project, move_states);
    auto& projects = machine->projects;
    projects.insert(std::upper_bound(projects.begin(), projects.end(), &project, by_slug), &project);
    project.machine = machine;
    project.record.machine = machine->record.id;
    tell(MachineNews::Kind::kAttached, *machine, &project);
    touch(machine);
  }
  if (move_states) machine->record.state = state_when_attached(machine->record.state);
}

void IndexWriter::detach(ProjectNode& project, bool move_states) {
  MachineNode* machine = project.machine;
  if (machine == nullptr) return;
  std::erase(machine->projects, &project);
  tell(MachineNews::Kind::kDetached, *machine, &project);
  touch(machine);
  project.machine = nullptr;
  project.record.machine.clear();
  if (move_states && machine->projects.empty()) machine->record.state = state_when_released(machine->record.state);
}

void IndexWriter::operator()(const PutService& change) {
  const Service& record = change.service;
  ProjectNode* project = tables_.project(record.project);
  if (project == nullptr) return;
  ServiceNode* service = find_service(*project, record.name);
  if (service == nullptr) {
    auto made = std::make_unique<ServiceNode>();
    service = made.get();
    service->name = record.name;
    service->project = project;
    auto& services = project->services;
    const auto at = std::upper_bound(services.begin(), services.end(), record.name,
                                     [](const std::string& name, const auto& other) { return name < other->name; });
    services.insert(at, std::move(made));
  }
  service->port = record.port;
  service->policy = policies_.of(record.policy);
  touch(project->machine);
  touch(service->machine);
  pin(*service, record.machine.empty() ? nullptr : tables_.machine(record.machine));
  touch(service->machine);
}

void IndexWriter::operator()(const DeleteService& change) {
  ProjectNode* project = tables_.project(change.project);
  ServiceNode* service = project == nullptr ? nullptr : find_service(*project, change.name);
  if (service == nullptr) return;
  touch(project->machine);
  touch(service->machine);
  pin(*service, nullptr);
  std::erase_if(project->services, [service](const auto& other) { return other.get() == service; });
}

void IndexWriter::pin(ServiceNode& service, MachineNode* machine) {
  if (service.machine == machine) return;
  if (service.machine != nullptr) std::erase(service.machine->pinned, &service);
  service.machine = machine;
  if (machine == nullptr) return;
  const auto before = [](const ServiceNode* a, const ServiceNode* b) {
    const int slugs = a->project->record.slug.compare(b->project->record.slug);
    return slugs != 0 ? slugs < 0 : a->name < b->name;
  };
  machine->pinned.insert(std::upper_bound(machine->pinned.begin(), machine->pinned.end(), &service, before), &service);
}

void IndexWriter::operator()(const PutRoute& change) {
  RouteNode* route = tables_.route(change.route.id);
  if (route == nullptr) {
    route = new RouteNode;
    route->id = change.route.id;
    tables_.routes.insert(hash_name(route->id), *route);
  } else {
    remove_entries(*route);
  }
  route->owner = change.route.owner;
  route->expires_at = change.route.expires_at;
  for (const RoutePattern& pattern : change.route.patterns) {
    HostEntry* held = tables_.pattern(pattern.pattern);
    if (held != nullptr && held->route == nullptr) continue;  // a custom domain
    if (held != nullptr) take_pattern(held, route);
    add_pattern(*route, pattern);
  }
  if (route->entries == nullptr) remove_route(route);
}

void IndexWriter::operator()(const DeleteRoute& change) {
  RouteNode* route = tables_.route(change.id);
  if (route == nullptr) return;
  remove_entries(*route);
  remove_route(route);
}

void IndexWriter::operator()(const PutDomain& change) {
  ProjectNode* project = tables_.project(change.domain.project);
  if (project == nullptr) return;
  HostEntry* held = tables_.pattern(change.domain.name);
  if (held != nullptr && held->route != nullptr) return;
  if (held != nullptr) remove_host(held);
  auto entry = std::make_unique<HostEntry>();
  entry->pattern = change.domain.name;
  entry->project = project;
  add_host(std::move(entry));
}

void IndexWriter::operator()(const DeleteDomain& change) {
  if (HostEntry* entry = tables_.domain(change.name)) remove_host(entry);
}

void IndexWriter::operator()(const PutShare& change) {
  MachineNode* machine = tables_.machine(change.share.machine);
  if (machine == nullptr) return;
  if (ShareNode* held = tables_.shares.find(hash_name(change.share.id), std::string_view(change.share.id))) {
    remove_share(held);
  }
  auto* node = new ShareNode{change.share};  // owned by the tables
  tables_.shares.insert(hash_name(node->record.id), *node);
  machine->shares.push_back(node);
}

void IndexWriter::operator()(const DeleteShare& change) {
  ShareNode* share = tables_.shares.find(hash_name(change.id), std::string_view(change.id));
  if (share != nullptr) remove_share(share);
}

void IndexWriter::remove_share(ShareNode* share) {
  if (MachineNode* machine = tables_.machine(share->record.machine)) std::erase(machine->shares, share);
  tables_.shares.erase(hash_name(share->record.id), *share);
  delete share;
}

namespace {

// What the pattern has beside a host without captures and a target that is known; null where it has nothing.
std::unique_ptr<PatternExtras> extras_of(const RoutePattern& pattern) {
  const std::string_view path = path_of_shape(pattern.pattern);
  const RouteTarget& target = pattern.target;
  const bool found = has_capture(target.machine) || has_capture(target.project) || has_capture(target.service);
  if (path.empty() && pattern.text.empty() && !found) return nullptr;
  auto extras = std::make_unique<PatternExtras>();
  extras->host = host_of_shape(pattern.pattern);
  extras->path = PathTemplate(path);
  Pattern read;
  std::string problem;
  if (read_pattern(pattern.shown(), read, problem)) extras->captures = std::move(read.captures);
  if (has_capture(target.machine)) extras->target.machine = target.machine;
  if (has_capture(target.project)) extras->target.project = target.project;
  if (has_capture(target.service)) extras->target.service = target.service;
  return extras;
}

}  // namespace

void IndexWriter::add_pattern(RouteNode& route, const RoutePattern& pattern) {
  const RouteTarget& target = pattern.target;
  auto entry = std::make_unique<HostEntry>();
  entry->pattern = pattern.pattern;
  entry->extras = extras_of(pattern);
  entry->machine = target.machine.empty() ? nullptr : tables_.machine(target.machine);
  entry->project = target.project.empty() ? nullptr : tables_.project(target.project);
  const bool found = entry->machine != nullptr || entry->project != nullptr;
  if (!found && !has_capture(target.machine) && !has_capture(target.project)) return;
  entry->route = &route;
  entry->next_of_route = route.entries;
  entry->service = has_capture(target.service) ? "" : target.service;
  entry->port = static_cast<uint16_t>(target.port);
  entry->policy = policies_.of(pattern.policy);
  route.entries = entry.get();
  add_host(std::move(entry));
}

HostEntry& IndexWriter::add_host(std::unique_ptr<HostEntry> owned) {
  HostEntry& entry = *owned.release();  // owned by the tables
  if (entry.machine != nullptr || entry.project != nullptr) {
    HostEntry*& first = entry.machine != nullptr ? entry.machine->entries : entry.project->entries;
    entry.next_of_target = first;
    if (first != nullptr) first->previous_of_target = &entry;
    first = &entry;
  }
  if (entry.route == nullptr) {
    auto& domains = entry.project->domains;
    domains.insert(std::upper_bound(domains.begin(), domains.end(), &entry, by_pattern), &entry);
  }
  link_to_host(entry);
  touch_target(entry);
  return entry;
}

void IndexWriter::link_to_host(HostEntry& entry) {
  HostEntry* const first = tables_.host(entry.host());
  const auto goes_before = [&entry](const HostEntry& other) {
    if (!entry.has_path() || !other.has_path()) return entry.has_path();
    return entry.extras->path.before(other.extras->path);
  };
  if (first == nullptr || goes_before(*first)) {
    entry.next_of_host = first;
    set_first(entry, first);
    return;
  }
  HostEntry* at = first;
  while (at->next_of_host != nullptr && !goes_before(*at->next_of_host)) at = at->next_of_host;
  entry.next_of_host = at->next_of_host;
  at->next_of_host = &entry;
}

void IndexWriter::set_first(HostEntry& first, HostEntry* instead_of) {
  const uint64_t hash = hash_name(first.host());
  if (instead_of != nullptr) tables_.hosts.erase(hash, *instead_of);
  tables_.hosts.insert(hash, first);
  if (is_wildcard(first.host())) tables_.wildcards.insert(first);
}

void IndexWriter::unlink_from_host(HostEntry& entry) {
  HostEntry* const first = tables_.host(entry.host());
  if (first != &entry) {
    HostEntry* at = first;
    while (at->next_of_host != &entry) at = at->next_of_host;
    at->next_of_host = entry.next_of_host;
  } else if (entry.next_of_host != nullptr) {
    set_first(*entry.next_of_host, &entry);
  } else {
    if (is_wildcard(entry.host())) tables_.wildcards.erase(entry);
    tables_.hosts.erase(hash_name(entry.host()), entry);
  }
}

void IndexWriter::remove_host(HostEntry* entry) {
  touch_target(*entry);
  unlink_from_host(*entry);
  if (entry->machine != nullptr || entry->project != nullptr) {
    HostEntry*& first = entry->machine != nullptr ? entry->machine->entries : entry->project->entries;
    (entry->previous_of_target != nullptr ? entry->previous_of_target->next_of_target : first) = entry->next_of_target;
    if (entry->next_of_target != nullptr) entry->next_of_target->previous_of_target = entry->previous_of_target;
  }
  if (entry->route == nullptr) std::erase(entry->project->domains, entry);
  delete entry;
}

void IndexWriter::take_pattern(HostEntry* entry, const RouteNode* kept) {
  RouteNode* route = entry->route;
  HostEntry** link = &route->entries;
  while (*link != entry) link = &(*link)->next_of_route;
  *link = entry->next_of_route;
  remove_host(entry);
  if (route->entries == nullptr && route != kept) remove_route(route);
}

void IndexWriter::remove_entries(RouteNode& route) {
  while (route.entries != nullptr) {
    HostEntry* entry = route.entries;
    route.entries = entry->next_of_route;
    remove_host(entry);
  }
}

void IndexWriter::remove_route(RouteNode* route) {
  tables_.routes.erase(hash_name(route->id), *route);
  delete route;
}

}  // namespace ingress::broker
