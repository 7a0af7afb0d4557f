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

class Draft;
class Tables;

// Why a transaction was refused: kNotFound, kConflict, kInvalidArgument (rules of design, section 2), kTooLarge (over a
// project's limits), kIo (disk full…).
struct StoreError {
  Error error;
  std::string detail;  // a sentence for people, e.g. "machine \"mach-123\" is taken by \"mach_123\""
  // Where the sentence names what stands in the way: whose that is ("" for the operator's), and a sentence for those
  // whom it does not concern. `neutral` is "" where there is nothing to hide.
  std::string holder = {};
  std::string neutral = {};
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
  std::vector<AccessToken> access_tokens;
  std::vector<JoinToken> join_tokens;
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
  // The same for changes that depend on what is there. `make` is called on the store's thread and puts them into the
  // draft; what it refuses with takes all of them back.
  using Make = std::function<tl::expected<void, StoreError>(Draft&)>;
  virtual void transact(std::string actor, int64_t at, Make make,
                        std::function<void(tl::expected<Commit, StoreError>)> on_done) = 0;

  // Reads on the store's thread, after the commits that were queued before. `ask` is called there.
  virtual void read(std::function<void(Tables&)> ask, std::function<void(Status)> on_done) = 0;
  // All rows, for the index at start.
  virtual void snapshot(std::function<void(Result<Snapshot>)> on_done) = 0;
};

// The changes that rebuild the tables from nothing, for the index at start: they leave machines in the state they are
// in.
Transaction rebuild_transaction(Snapshot snapshot);

// Reads a database file alone, without a broker (`ingressctl --db`); read-only.
Result<Snapshot> read_snapshot(const std::string& path, std::string& problem);

}  // namespace ingress::broker
