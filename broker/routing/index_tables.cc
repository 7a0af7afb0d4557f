#include "broker/routing/index_tables.h"

#include <algorithm>

#include "broker/routing/host_name.h"

namespace ingress::broker {

bool MachineMatch::operator()(const MachineNode& node, std::string_view key) const {
  const std::string& id = node.record.id;
  return id.size() == key.size() && std::equal(id.begin(), id.end(), key.begin(), [](char of_id, char of_key) {
           return of_id == of_key || (of_id == '_' && of_key == '-');
         });
}

uint64_t hash_machine(std::string_view id_or_alias) {
  char alias[kMaxLabelBytes];
  const size_t size = std::min(id_or_alias.size(), sizeof alias);  // a longer one is no machine's and matches none
  std::replace_copy(id_or_alias.begin(), id_or_alias.begin() + static_cast<ptrdiff_t>(size), alias, '_', '-');
  return hash_name({alias, size});
}

const HostEntry* pick_by_path(const HostEntry* first, const RequestPath& path, int64_t now) {
  for (; first != nullptr; first = first->next_of_host) {
    if (first->route != nullptr && is_gone(first->route->expires_at, now)) continue;
    if (!first->has_path() || path.ambiguous() || first->extras->path.fits(path)) return first;
  }
  return nullptr;
}

HostEntry* IndexTables::pattern(std::string_view shape) const {
  HostEntry* entry = host(host_of_shape(shape));
  while (entry != nullptr && entry->pattern != shape) entry = entry->next_of_host;
  return entry;
}

HostEntry* IndexTables::domain(std::string_view name) const {
  HostEntry* entry = pattern(name);
  return entry != nullptr && entry->route == nullptr ? entry : nullptr;
}

IndexTables::~IndexTables() {
  hosts.for_each([](HostEntry* entry) {
    while (entry != nullptr) {
      HostEntry* const next = entry->next_of_host;
      delete entry;
      entry = next;
    }
  });
  shares.for_each([](ShareNode* node) { delete node; });
  routes.for_each([](RouteNode* node) { delete node; });
  projects.for_each([](ProjectNode* node) { delete node; });
  machines.for_each([](MachineNode* node) { delete node; });
}

MachineNode* IndexTables::machine(std::string_view id) const {
  MachineNode* node = machine_by_alias(id);
  return node != nullptr && node->record.id == id ? node : nullptr;
}

ServiceNode* find_service(const ProjectNode& project, std::string_view name) {
  const auto at = std::lower_bound(project.services.begin(), project.services.end(), name,
                                   [](const auto& service, std::string_view key) { return service->name < key; });
  return at != project.services.end() && (*at)->name == name ? at->get() : nullptr;
}

}  // namespace ingress::broker
