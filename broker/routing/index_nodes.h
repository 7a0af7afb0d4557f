// The nodes of the route table in memory, linked by pointers: what a request's way needs is one hop away. Nodes are
// owned by IndexTables, and their addresses never change. Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/model/records.h"
#include "broker/policy/policy.h"

namespace ingress::broker {

struct HostEntry;
struct ProjectNode;
struct ServiceNode;

struct TokenKey {
  std::string id;
  std::string sha256;
};

struct MachineNode {
  Machine record;
  std::vector<TokenKey> tokens;
  std::vector<ProjectNode*> projects;  // attached to it, by slug
  std::vector<ServiceNode*> pinned;    // services that name it
  HostEntry* entries = nullptr;        // hosts that name it, linked by next_of_target
};

struct ServiceNode {
  std::string name;
  int port = 0;
  ProjectNode* project = nullptr;
  MachineNode* machine = nullptr;  // null for the project's attached machine
  Policy policy;
};

struct ProjectNode {
  Project record;
  Policy policy;
  MachineNode* machine = nullptr;                      // attached
  std::vector<std::unique_ptr<ServiceNode>> services;  // by name
  HostEntry* entries = nullptr;                        // hosts that name it, its custom domains too
};

struct RouteNode {
  std::string id;
  HostEntry* entries = nullptr;  // linked by next_of_route; never empty between changes
};

// One host or pattern: of a route, or a project's custom domain (no route).
struct HostEntry {
  std::string pattern;
  RouteNode* route = nullptr;
  HostEntry* next_of_route = nullptr;
  // The target: one of machine and project.
  MachineNode* machine = nullptr;
  ProjectNode* project = nullptr;
  std::string service;
  HostEntry* next_of_target = nullptr;
  HostEntry* previous_of_target = nullptr;
  uint16_t port = 0;  // 0: the default port
  Policy policy;
};

}  // namespace ingress::broker
