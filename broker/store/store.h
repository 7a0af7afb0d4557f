// The database: one SQLite file (WAL, synchronous=FULL) behind its own thread. Every change goes through one door:
// commit() validates a transaction against the tables, applies it and appends to `changes`, in one SQLite transaction.
// A change is acknowledged (on_done) after it is durable and after `on_committed` has made it visible to routing.
// Thread: all calls and callbacks on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/model/changes.h"
#include "common/base/error.h"
#include "common/uv/loop.h"

namespace ingress::broker {

// Why a transaction was refused: kNotFound, kConflict, kInvalidArgument (rules of design, section 2), kIo (disk full…).
struct StoreError {
  Error error;
  std::string detail;  // a sentence for people, e.g. "machine \"mach-123\" is taken by \"mach_123\""
};

struct Commit {
  int64_t revision = 0;
};

// Everything of the tables, for the index at start and for lists.
struct Snapshot {
  int64_t revision = 0;
  std::vector<Machine> machines;
  std::vector<Token> tokens;
  std::vector<Project> projects;
  std::vector<Service> services;
  std::vector<Route> routes;
  std::vector<Domain> domains;
  std::vector<Share> shares;
};

class Store {
 public:
  // Makes a committed transaction visible to routing, then calls `visible`, once: at once or later.
  using OnCommitted = std::function<void(const Transaction&, int64_t revision, const std::function<void()>& visible)>;

  // Opens or creates the file (migrating an older schema after a backup; a newer one is refused).
  static Result<std::unique_ptr<Store>> open(uv::Loop& loop, const std::string& path, std::string& problem);
  // Waits until what was queued is written. Answers that have not been given by then never are.
  virtual ~Store() = default;

  // Called for each committed transaction, on the loop, in the order of the revisions; its on_done follows `visible`.
  // The transaction is as it was applied: names normalised, so that the index can apply it as it is.
  virtual void set_on_committed(OnCommitted on_committed) = 0;
  virtual void commit(Transaction transaction, std::function<void(tl::expected<Commit, StoreError>)> on_done) = 0;

  // Reads, by copy, on the store's thread, after the commits that were queued before. Changes come by revision.
  virtual void snapshot(std::function<void(Result<Snapshot>)> on_done) = 0;
  virtual void list_changes(int64_t since_revision, int limit,
                            std::function<void(Result<std::vector<ChangeRow>>)> on_done) = 0;
};

// The changes that rebuild the tables from nothing, for the index at start: they leave machines in the state they are
// in.
Transaction rebuild_transaction(Snapshot snapshot);

// Reads a database file alone, without a broker (`ingressctl --db`); read-only.
Result<Snapshot> read_snapshot(const std::string& path, std::string& problem);

}  // namespace ingress::broker
