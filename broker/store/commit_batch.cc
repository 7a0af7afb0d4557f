#include "broker/store/commit_batch.h"

#include "broker/store/draft.h"
#include "broker/store/tables.h"
#include "broker/store/transaction_writer.h"

namespace ingress::broker {
namespace {

TransactionWriter::Checked put_all(CommitJob& job, Draft& draft) {
  if (job.make) return job.make(draft);
  for (Change& change : job.transaction.changes) {
    if (TransactionWriter::Checked done = draft.put(std::move(change)); !done) return done;
  }
  return {};
}

}  // namespace

void CommitBatch::run(std::vector<CommitJob>& jobs) {
  const int64_t before = revision_;
  database_.run("BEGIN IMMEDIATE");
  const int64_t head = Tables(database_).head();
  const bool foreign = !database_.failed() && head != revision_;
  if (!foreign) write(jobs);
  database_.run(foreign ? "ROLLBACK" : "COMMIT");
  if (database_.failed()) {
    const StoreError error{database_.error(), "the database cannot be written: " + database_.failure()};
    database_.clear_failure();
    database_.run("ROLLBACK");  // fails where SQLite has rolled back by itself
    database_.clear_failure();
    revision_ = before;
    refuse_all(jobs, error);
  } else if (foreign) {
    refuse_all(jobs, {Error{ErrorCode::kConflict, Side::kInternal, false, 0, "changing the route table"},
                      "another program has changed the database: restart the broker"});
  }
}

void CommitBatch::write(std::vector<CommitJob>& jobs) {
  for (CommitJob& job : jobs) {
    if (database_.failed()) return;
    write_one(job);
  }
}

void CommitBatch::write_one(CommitJob& job) {
  database_.run("SAVEPOINT one");
  Tables tables(database_);
  TransactionWriter writer(tables, revision_, job.transaction.actor, job.transaction.at);
  Draft draft(tables, writer);
  if (const TransactionWriter::Checked done = put_all(job, draft); done) {
    job.transaction.changes = writer.take_applied();
    revision_ = writer.revision();
    job.outcome = Commit{revision_};
  } else {
    job.outcome = tl::unexpected(done.error());
    database_.run("ROLLBACK TO one");
  }
  database_.run("RELEASE one");
}

void CommitBatch::refuse_all(std::vector<CommitJob>& jobs, const StoreError& error) {
  for (CommitJob& job : jobs) job.outcome = tl::unexpected(error);
}

}  // namespace ingress::broker
