// Applies changes that the store has validated to the tables of the route index, by the rules of changes.h. A change
// that names what is not there (which the store would have refused) is left out.
// Thread: the loop's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/model/changes.h"
#include "broker/routing/index_tables.h"
#include "broker/routing/machine_news.h"
#include "broker/routing/policy_table.h"

namespace ingress::broker {

class IndexWriter {
 public:
  // All outlive it. `news` gets what the changes mean to machines; null where nobody asks.
  IndexWriter(IndexTables& tables, PolicyTable& policies, std::vector<MachineNews>* news)
      : tables_(tables), policies_(policies), news_(news) {}
  ~IndexWriter();
  IndexWriter(const IndexWriter&) = delete;
  IndexWriter& operator=(const IndexWriter&) = delete;

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
  void operator()(const PutShare& change);
  void operator()(const DeleteShare& change);
  void operator()(const PutAccessToken& change) { tables_.access_tokens[change.token.id] = change.token; }
  void operator()(const DeleteAccessToken& change) { tables_.access_tokens.erase(change.id); }
  void operator()(const PutJoinToken& change) { tables_.join_tokens[change.token.id] = change.token; }
  void operator()(const DeleteJoinToken& change) { tables_.join_tokens.erase(change.id); }

 private:
  void attach(ProjectNode& project, MachineNode* machine, bool move_states);
  void detach(ProjectNode& project, bool move_states);
  void pin(ServiceNode& service, MachineNode* machine);

  HostEntry& add_host(std::unique_ptr<HostEntry> entry);
  void link_to_host(HostEntry& entry);
  void remove_host(HostEntry* entry);
  void unlink_from_host(HostEntry& entry);
  // Tells the tables which entry of its host comes first, instead of another (null: none did).
  void set_first(HostEntry& first, HostEntry* instead_of);
  void remove_share(ShareNode* share);
  void add_pattern(RouteNode& route, const RoutePattern& pattern);
  // Takes a pattern from the route that holds it; the route goes with its last one, unless it is `kept`.
  void take_pattern(HostEntry* entry, const RouteNode* kept);
  void remove_entries(RouteNode& route);
  void remove_route(RouteNode* route);

  // The machine's view may be another one now; null: none's is.
  void touch(MachineNode* machine);
  void touch_all_of(const ProjectNode& project);
  void touch_target(const HostEntry& entry);
  void tell(MachineNews::Kind kind, const MachineNode& machine, const ProjectNode* project);

  IndexTables& tables_;
  PolicyTable& policies_;
  std::vector<MachineNews>* news_;
};

}  // namespace ingress::broker
