// The tables of the route index: the nodes by their names. Owns every node. Changed by IndexWriter alone.
// Thread: the loop's.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "broker/routing/index_nodes.h"
#include "broker/routing/name_table.h"
#include "broker/routing/wildcard_trie.h"

namespace ingress::broker {

struct MachineMatch {
  // `-` in the key stands for `_` too.
  bool operator()(const MachineNode& node, std::string_view key) const;
};
struct ProjectMatch {
  bool operator()(const ProjectNode& node, std::string_view slug) const { return node.record.slug == slug; }
};
struct RouteMatch {
  bool operator()(const RouteNode& node, std::string_view id) const { return node.id == id; }
};
struct HostMatch {
  bool operator()(const HostEntry& entry, std::string_view host) const { return entry.host() == host; }
};
struct ShareMatch {
  bool operator()(const ShareNode& node, std::string_view id) const { return node.record.id == id; }
};

// The hash of a machine id and of each alias of it.
uint64_t hash_machine(std::string_view id_or_alias);

struct IndexTables {
  IndexTables() = default;
  ~IndexTables();
  IndexTables(const IndexTables&) = delete;
  IndexTables& operator=(const IndexTables&) = delete;

  // By id, or by an alias that has `-` for `_`.
  MachineNode* machine_by_alias(std::string_view name) const { return machines.find(hash_machine(name), name); }
  // By id alone.
  MachineNode* machine(std::string_view id) const;
  ProjectNode* project(std::string_view slug) const { return projects.find(hash_name(slug), slug); }
  RouteNode* route(std::string_view id) const { return routes.find(hash_name(id), id); }
  // The first entry of a host, or of a wildcard host as it stands in a shape.
  HostEntry* host(std::string_view host) const { return hosts.find(hash_name(host), host); }
  HostEntry* pattern(std::string_view shape) const;
  // The custom domain of that name; null where there is none.
  HostEntry* domain(std::string_view name) const;
  const ShareNode* share(std::string_view id) const { return shares.find(hash_name(id), id); }

  NameTable<MachineNode, MachineMatch> machines;
  NameTable<ProjectNode, ProjectMatch> projects;
  NameTable<RouteNode, RouteMatch> routes;
  NameTable<HostEntry, HostMatch> hosts;  // exact hosts, custom domains, and the text of wildcard hosts
  WildcardTrie wildcards;                 // the wildcard hosts again, to be matched
  NameTable<ShareNode, ShareMatch> shares;
  // By id.
  std::map<std::string, AccessToken, std::less<>> access_tokens;
  std::map<std::string, JoinToken, std::less<>> join_tokens;
};

// null where the project has no such service.
ServiceNode* find_service(const ProjectNode& project, std::string_view name);

}  // namespace ingress::broker
