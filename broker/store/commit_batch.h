// Writes several transactions with one sync to disk: each is a savepoint of one SQLite transaction, so that a refused
// one takes nothing back but its own. Thread: the store's.
#pragma once

#include <functional>
#include <vector>

#include "broker/store/store.h"
#include "common/database/database.h"

namespace ingress::broker {

// A transaction with its changes, or with `make`, which puts them.
struct CommitJob {
  Transaction transaction;
  std::function<void(tl::expected<Commit, StoreError>)> on_done;
  tl::expected<Commit, StoreError> outcome;
  Store::Make make = {};
};

class CommitBatch {
 public:
  // `revision`: the newest one of the file, kept up to date.
  CommitBatch(db::Database& database, int64_t& revision) : database_(database), revision_(revision) {}

  // Sets every job's outcome. What is kIo for one is for all.
  void run(std::vector<CommitJob>& jobs);

 private:
  void write(std::vector<CommitJob>& jobs);
  void write_one(CommitJob& job);
  void refuse_all(std::vector<CommitJob>& jobs, const StoreError& error);

  db::Database& database_;
  int64_t& revision_;
};

}  // namespace ingress::broker
