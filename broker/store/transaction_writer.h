// The one door for changes: validates a transaction against the tables, writes them, and appends to `changes`. Runs
// inside a SQLite transaction that the caller rolls back where a change was refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/changes.h"
#include "broker/store/store.h"
#include "broker/store/tables.h"

namespace ingress::broker {

class TransactionWriter {
 public:
  using Checked = tl::expected<void, StoreError>;

  // `revision`: the newest one.
  TransactionWriter(Tables& tables, int64_t revision) : tables_(tables), revision_(revision) {}

  // Leaves in `transaction` what was applied, for the index: names normalised, and a new project with a machine split
  // in two changes. After a refusal it holds nothing of use.
  Checked apply(Transaction& transaction);
  int64_t revision() const { return revision_; }

  Checked operator()(PutMachine& change);
  Checked operator()(DeleteMachine& change);
  Checked operator()(PutToken& change);
  Checked operator()(DeleteToken& change);
  Checked operator()(PutProject& change);
  Checked operator()(DeleteProject& change);
  Checked operator()(AttachMachine& change);
  Checked operator()(PutService& change);
  Checked operator()(DeleteService& change);
  Checked operator()(PutRoute& change);
  Checked operator()(DeleteRoute& change);
  Checked operator()(PutDomain& change);
  Checked operator()(DeleteDomain& change);
  Checked operator()(PutShare& change);
  Checked operator()(DeleteShare& change);

 private:
  Checked check_machine_exists(const std::string& id);
  Checked check_owner(const std::string& owner);
  Checked check_project_exists(const std::string& slug);
  Checked check_targets(const Route& route);
  // Refuses or takes the patterns that others hold.
  Checked claim_patterns(const Route& route, bool overwrite);
  void take_pattern(const std::string& pattern, const std::string& holder);
  // The project no longer has the machine.
  void release(const std::string& machine);

  void record(std::string operation, std::string subject, std::string before, std::string after);
  // "create" without a row before, else "update".
  void record_put(std::string_view noun, std::string subject, std::string before, std::string after);

  Tables& tables_;
  int64_t revision_;
  std::string actor_;
  int64_t at_ = 0;
  std::optional<Change> next_;  // to be applied after the one that is under way
};

}  // namespace ingress::broker
