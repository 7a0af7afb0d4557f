#include "broker/routing/index_writer.h"

#include <algorithm>

#include "broker/model/machine_state.h"
#include "broker/routing/pattern.h"

namespace ingress::broker {
namespace {

Policy policy_of(const std::string& json) {
  std::string problem;
  return parse_policy(json, problem).value_or(Policy{});
}

bool by_slug(const ProjectNode* a, const ProjectNode* b) { return a->record.slug < b->record.slug; }

}  // namespace

void IndexWriter::operator()(const PutMachine& change) {
  MachineNode* node = tables_.machine(change.machine.id);
  if (node == nullptr) {
    node = new MachineNode;  // nodes are owned by the tables
    node->record = change.machine;
    tables_.machines.insert(hash_machine(node->record.id), *node);
    return;
  }
  node->record = change.machine;
}

void IndexWriter::operator()(const DeleteMachine& change) {
  MachineNode* node = tables_.machine(change.id);
  if (node == nullptr || !node->projects.empty() || !node->pinned.empty() || node->entries != nullptr) return;
  tables_.machines.erase(hash_machine(node->record.id), *node);
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
  node->policy = policy_of(change.project.policy);
}

void IndexWriter::operator()(const DeleteProject& change) {
  ProjectNode* node = tables_.project(change.slug);
  if (node == nullptr) return;
  for (const HostEntry* entry = node->entries; entry != nullptr; entry = entry->next_of_target) {
    if (entry->route != nullptr) return;
  }
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
  }
  if (move_states) machine->record.state = state_when_attached(machine->record.state);
}

void IndexWriter::detach(ProjectNode& project, bool move_states) {
  MachineNode* machine = project.machine;
  if (machine == nullptr) return;
  std::erase(machine->projects, &project);
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
  service->policy = policy_of(record.policy);
  pin(*service, record.machine.empty() ? nullptr : tables_.machine(record.machine));
}

void IndexWriter::operator()(const DeleteService& change) {
  ProjectNode* project = tables_.project(change.project);
  ServiceNode* service = project == nullptr ? nullptr : find_service(*project, change.name);
  if (service == nullptr) return;
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
  for (const RoutePattern& pattern : change.route.patterns) {
    HostEntry* held = tables_.host(pattern.pattern);
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
  HostEntry* held = tables_.host(change.domain.name);
  if (held != nullptr && held->route != nullptr) return;
  if (held != nullptr) remove_host(held);
  add_host(change.domain.name, nullptr, project);
}

void IndexWriter::operator()(const DeleteDomain& change) {
  HostEntry* entry = tables_.host(change.name);
  if (entry != nullptr && entry->route == nullptr) remove_host(entry);
}

void IndexWriter::add_pattern(RouteNode& route, const RoutePattern& pattern) {
  const RouteTarget& target = pattern.target;
  MachineNode* machine = target.machine.empty() ? nullptr : tables_.machine(target.machine);
  ProjectNode* project = target.project.empty() ? nullptr : tables_.project(target.project);
  if (machine == nullptr && project == nullptr) return;
  HostEntry& entry = add_host(pattern.pattern, machine, project);
  entry.route = &route;
  entry.next_of_route = route.entries;
  route.entries = &entry;
  entry.service = target.service;
  entry.port = static_cast<uint16_t>(target.port);
  entry.policy = policy_of(pattern.policy);
  if (is_wildcard(entry.pattern)) tables_.wildcards.insert(entry);
}

HostEntry& IndexWriter::add_host(std::string pattern, MachineNode* machine, ProjectNode* project) {
  auto* entry = new HostEntry;
  entry->pattern = std::move(pattern);
  entry->machine = machine;
  entry->project = project;
  HostEntry*& first = machine != nullptr ? machine->entries : project->entries;
  entry->next_of_target = first;
  if (first != nullptr) first->previous_of_target = entry;
  first = entry;
  tables_.hosts.insert(hash_name(entry->pattern), *entry);
  return *entry;
}

void IndexWriter::remove_host(HostEntry* entry) {
  if (is_wildcard(entry->pattern)) tables_.wildcards.erase(*entry);
  tables_.hosts.erase(hash_name(entry->pattern), *entry);
  HostEntry*& first = entry->machine != nullptr ? entry->machine->entries : entry->project->entries;
  (entry->previous_of_target != nullptr ? entry->previous_of_target->next_of_target : first) = entry->next_of_target;
  if (entry->next_of_target != nullptr) entry->next_of_target->previous_of_target = entry->previous_of_target;
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
