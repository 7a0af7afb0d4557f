// The one door for changes: validates a transaction against the tables, writes them, and appends to `changes`. Runs
// inside a SQLite transaction that the caller rolls back where a change was refused.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/model/changes.h"
#include "broker/model/expiry.h"
#include "broker/policy/project_limits.h"
#include "broker/store/store.h"
#include "broker/store/tables.h"

namespace ingress::broker {

class TransactionWriter {
 public:
  using Checked = tl::expected<void, StoreError>;

  // `revision`: the newest one.
  TransactionWriter(Tables& tables, int64_t revision, std::string actor, int64_t at)
      : tables_(tables), revision_(revision), actor_(std::move(actor)), at_(at) {}

  Checked put(Change change);
  // What was applied, for the index: names normalised, and a new project with a machine split in two changes. After a
  // refusal it is of no use.
  std::vector<Change> take_applied() { return std::move(applied_); }
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
  Checked operator()(PutAccessToken& change);
  Checked operator()(DeleteAccessToken& change);
  Checked operator()(PutJoinToken& change);
  Checked operator()(DeleteJoinToken& change);

 private:
  // Puts it before the one that is under way.
  Checked put_now(Change change);

  // Its time is over, and a new one of the same owner may have its name. For others the name is held until it is swept:
  // until then it can be prolonged, and no other project's row takes what it stood for.
  template <class Row>
  bool makes_way(const std::optional<Row>& row, const std::string& owner) const {
    return row && row->owner == owner && is_over(row->expires_at, at_ / 1000);
  }
  Checked delete_expired_machine(const Machine& machine);

  Checked check_machine_exists(const std::string& id);
  Checked check_unnamed(const std::string& machine);
  Checked move_or_delete_share(const std::string& id);
  Checked delete_what_opens_machine(const std::string& machine);
  Checked check_owner(const std::string& owner);
  Checked check_role(const std::string& text);
  Checked check_project_exists(const std::string& slug);
  Checked check_targets(const Route& route);
  // Refuses or takes the patterns that others hold.
  Checked claim_patterns(const Route& route, bool overwrite);
  void take_pattern(const std::string& pattern, const std::string& holder);
  // The project no longer has the machine.
  void release(const std::string& machine);

  // "" where there is none.
  std::string owner_of_machine(const std::string& machine);
  Checked take_quota(const std::string& owner, std::string_view noun, int64_t ProjectLimits::*limit,
                     int64_t (Tables::*count)(std::string_view));
  void give_back_quota(const std::string& owner, std::string_view noun);
  // Of a row that is made, or changes hands.
  template <class Record>
  Checked move_quota(const std::optional<Record>& before, const Record& after, std::string_view noun,
                     int64_t ProjectLimits::*limit, int64_t (Tables::*count)(std::string_view)) {
    if (before && before->owner == after.owner) return {};
    if (Checked good = take_quota(after.owner, noun, limit, count); !good) return good;
    if (before) give_back_quota(before->owner, noun);
    return {};
  }

  struct Entry {
    std::string operation;
    std::string subject;
    std::string before;
    std::string after;
    std::string project;
  };
  void record(Entry entry);
  // Its operation is the noun: it becomes "NOUN.create" without a row before, else "NOUN.update".
  void record_put(Entry entry);

  Tables& tables_;
  int64_t revision_;
  std::string actor_;
  int64_t at_;
  std::vector<Change> applied_;
  std::deque<Change> next_;                // to be applied after the one that is under way
  std::map<std::string, int64_t> counts_;  // of what projects have that have limits
};

}  // namespace ingress::broker
