// Applies changes that the store has validated to the tables of the route index, by the rules of changes.h. A change
// that names what is not there (which the store would have refused) is left out.
// Thread: the loop's.
#pragma once

#include <string>

#include "broker/model/changes.h"
#include "broker/routing/index_tables.h"

namespace ingress::broker {

class IndexWriter {
 public:
  explicit IndexWriter(IndexTables& tables) : tables_(tables) {}

  void operator()(const PutMachine& change);
  void operator()(const DeleteMachine& change);
  void operator()(const PutToken& change);
  void operator()(const DeleteToken& change);
  void operator()(const PutProject& change);
  void operator()(const DeleteProject& change);
  void operator()(const AttachMachine& change);
  void operator()(const PutService& change);
  void operator()(const DeleteService& change);
  void operator()(const PutRoute& change);
  void operator()(const DeleteRoute& change);
  void operator()(const PutDomain& change);
  void operator()(const DeleteDomain& change);

 private:
  void attach(ProjectNode& project, MachineNode* machine, bool move_states);
  void detach(ProjectNode& project, bool move_states);
  void pin(ServiceNode& service, MachineNode* machine);

  HostEntry& add_host(std::string pattern, MachineNode* machine, ProjectNode* project);
  void remove_host(HostEntry* entry);
  void add_pattern(RouteNode& route, const RoutePattern& pattern);
  // Takes a pattern from the route that holds it; the route goes with its last one, unless it is `kept`.
  void take_pattern(HostEntry* entry, const RouteNode* kept);
  void remove_entries(RouteNode& route);
  void remove_route(RouteNode* route);

  IndexTables& tables_;
};

}  // namespace ingress::broker
