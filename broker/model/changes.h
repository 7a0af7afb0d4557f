// A change is a value with nothing left to decide: ids and times are inside it. A transaction is a list of them,
// applied whole or not at all, first to the file and then to the index in memory, by the same deterministic rules.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "broker/model/records.h"

namespace ingress::broker {

// Put… replaces the whole row, or makes it; with `create` it fails where the row exists. PutProject of a project that
// exists keeps its machine, whatever the record says: attachments change by AttachMachine alone. (The store splits a
// new project with a machine into PutProject and AttachMachine.) Applied to the index, PutProject moves no machine's
// state.
struct PutMachine {
  Machine machine;
  bool create = false;
};
// With its tokens and shares, and the access tokens for its ports. Refused while a project is attached to it, or a
// service or route names it. (The store puts the deletions of those before it.)
struct DeleteMachine {
  std::string id;
};
struct PutToken {
  Token token;
};
struct DeleteToken {
  std::string machine;
  std::string id;
};
struct PutProject {
  Project project;
  bool create = false;
};
// With its services and domains, and its shares and tokens. Refused while a route names it, or a route or machine
// belongs to it. (The store puts the deletions of shares and tokens behind it.)
struct DeleteProject {
  std::string slug;
};
// `machine` "" detaches. States move by machine_state.h: the attached machine becomes active, and the one that it
// replaces detached where no other project holds it.
struct AttachMachine {
  std::string project;
  std::string machine;
};
struct PutService {
  Service service;
  bool create = false;
};
// Refused while a route names it.
struct DeleteService {
  std::string project;
  std::string name;
};
// `overwrite` takes patterns from other routes; a route that is left with none is deleted.
struct PutRoute {
  Route route;
  bool create = false;
  bool overwrite = false;
};
struct DeleteRoute {
  std::string id;
};
struct PutDomain {
  Domain domain;
};
struct DeleteDomain {
  std::string name;
};
struct PutShare {
  Share share;
};
struct DeleteShare {
  std::string id;
};

struct PutAccessToken {
  AccessToken token;
};
struct DeleteAccessToken {
  std::string id;
};
struct PutJoinToken {
  JoinToken token;
};
struct DeleteJoinToken {
  std::string id;
};

using Change = std::variant<PutMachine, DeleteMachine, PutToken, DeleteToken, PutProject, DeleteProject, AttachMachine,
                            PutService, DeleteService, PutRoute, DeleteRoute, PutDomain, DeleteDomain, PutShare,
                            DeleteShare, PutAccessToken, DeleteAccessToken, PutJoinToken, DeleteJoinToken>;

struct Transaction {
  std::string actor;
  int64_t at = 0;  // Unix milliseconds
  std::vector<Change> changes;
};

// Machines whose tunnels end with it: a token was revoked, or the machine archived or deleted. Which token a tunnel
// showed is not kept: all of the machine's end, and agents with a good one are back at once.
std::vector<std::string> machines_to_drop(const Transaction& transaction);
// Whether a route or a machine has a time to live by it, which what is open has to obey, too.
bool sets_times(const Transaction& transaction);

}  // namespace ingress::broker
