// A change is a value with nothing left to decide: ids and times are inside it. A transaction is a list of them, applied
// whole or not at all, first to the file and then to the index in memory, by the same deterministic rules.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "broker/model/records.h"

namespace ingress::broker {

struct PutMachine { Machine machine; bool create = false; };     // create: fails where it exists
struct DeleteMachine { std::string id; };                        // with its tokens; refused while a project is attached to it
struct PutToken { Token token; };
struct DeleteToken { std::string machine; std::string id; };
struct PutProject { Project project; bool create = false; };
struct DeleteProject { std::string slug; };                      // with its services and domains
struct AttachMachine { std::string project; std::string machine; };  // machine "" detaches; an attached machine becomes active, the one it replaces detached
struct PutService { Service service; bool create = false; };
struct DeleteService { std::string project; std::string name; };
struct PutRoute { Route route; bool create = false; bool overwrite = false; };  // overwrite: takes patterns from other routes
struct DeleteRoute { std::string id; };
struct PutDomain { Domain domain; };
struct DeleteDomain { std::string name; };

using Change = std::variant<PutMachine, DeleteMachine, PutToken, DeleteToken, PutProject, DeleteProject, AttachMachine,
                            PutService, DeleteService, PutRoute, DeleteRoute, PutDomain, DeleteDomain>;

struct Transaction {
  std::string actor;
  int64_t at = 0;  // Unix milliseconds
  std::vector<Change> changes;
};

}  // namespace ingress::broker
