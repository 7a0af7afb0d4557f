// The nodes of the route table in memory, linked by pointers: what a request's way needs is one hop away. Nodes are
// owned by IndexTables, and their addresses never change. Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/model/expiry.h"
#include "broker/model/records.h"
#include "broker/policy/policy.h"
#include "broker/routing/path_template.h"
#include "broker/routing/pattern.h"

namespace ingress::broker {

struct HostEntry;
struct ProjectNode;
struct ServiceNode;

struct TokenKey {
  std::string id;
  std::string sha256;
};

using PolicyPtr = std::shared_ptr<const Policy>;  // null where nothing is set; rows with the same text share it

struct ShareNode {
  Share record;
};

struct MachineNode {
  Machine record;
  PolicyPtr policy;
  std::vector<TokenKey> tokens;
  std::vector<ProjectNode*> projects;  // attached to it, by slug
  std::vector<ServiceNode*> pinned;    // services that name it
  HostEntry* entries = nullptr;        // hosts that name it, linked by next_of_target
  std::vector<ShareNode*> shares;      // that lead to it
  bool touched = false;                // by the transaction that is being applied, and that was told
};

struct ServiceNode {
  std::string name;
  int port = 0;
  ProjectNode* project = nullptr;
  MachineNode* machine = nullptr;  // null for the project's attached machine
  PolicyPtr policy;
};

struct ProjectNode {
  Project record;
  PolicyPtr policy;
  std::shared_ptr<const RateRule> quota;               // null for none
  MachineNode* machine = nullptr;                      // attached
  std::vector<std::unique_ptr<ServiceNode>> services;  // by name
  HostEntry* entries = nullptr;                        // hosts that name it, its custom domains too
  std::vector<HostEntry*> domains;                     // those of them that are custom domains, by name
};

struct RouteNode {
  std::string id;
  std::string owner;             // slug, "" for the operator's
  int64_t expires_at = 0;        // Unix seconds, 0 for never
  HostEntry* entries = nullptr;  // linked by next_of_route; never empty between changes
};

// What few patterns have: a path, captures, a target that is found by them.
struct PatternExtras {
  std::string host;  // of the shape
  PathTemplate path;
  std::vector<std::string> captures;  // see Pattern
  RouteTarget target;                 // names that hold captures; "" for those that are known
};

// One pattern of a route, or a project's custom domain (no route). Those of one host hang together, the one whose path
// goes first before the others.
struct HostEntry {
  std::string pattern;  // its shape
  std::unique_ptr<PatternExtras> extras;
  HostEntry* next_of_host = nullptr;
  RouteNode* route = nullptr;
  HostEntry* next_of_route = nullptr;
  // The target: one of machine and project, or neither where it is found by captures.
  MachineNode* machine = nullptr;
  ProjectNode* project = nullptr;
  std::string service;
  HostEntry* next_of_target = nullptr;
  HostEntry* previous_of_target = nullptr;
  uint16_t port = 0;  // 0: the default port
  PolicyPtr policy;

  std::string_view host() const { return extras == nullptr ? std::string_view(pattern) : extras->host; }
  bool has_path() const { return extras != nullptr && !extras->path.everything(); }
};

// Of entries of one host, the first that serves the path and has not been gone for a day; null where none does. An
// ambiguous path is taken to be served by each: whoever uses the entry refuses it.
const HostEntry* pick_by_path(const HostEntry* first, const RequestPath& path, int64_t now);

}  // namespace ingress::broker
