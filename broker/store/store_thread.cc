#include "broker/store/store_thread.h"

#include "broker/store/snapshot.h"
#include "broker/store/tables.h"
#include "common/base/signals.h"

namespace ingress::broker {
namespace {

constexpr size_t kMaxBatch = 256;  // commits with one sync

}  // namespace

StoreThread::StoreThread(uv::Loop& loop, std::unique_ptr<db::Database> database, int64_t revision)
    : loop_(loop), database_(std::move(database)), revision_(revision) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

StoreThread::~StoreThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  given_.notify_one();
  thread_.join();
  answers_->wanted = false;
}

void StoreThread::give(StoreJob job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  given_.notify_one();
}

bool StoreThread::take(std::deque<StoreJob>& jobs) {
  std::unique_lock lock(mutex_);
  given_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
  jobs.swap(jobs_);
  return !jobs.empty();
}

void StoreThread::run() {
  std::deque<StoreJob> jobs;
  while (take(jobs)) {
    while (!jobs.empty()) {
      if (std::holds_alternative<CommitJob>(jobs.front())) {
        run_commits(jobs);
        continue;
      }
      if (auto* snapshot = std::get_if<SnapshotJob>(&jobs.front())) run_read(*snapshot);
      if (auto* read = std::get_if<ReadJob>(&jobs.front())) run_read(*read);
      jobs.pop_front();
    }
  }
}

void StoreThread::run_commits(std::deque<StoreJob>& jobs) {
  auto batch = std::make_shared<std::vector<CommitJob>>();
  while (!jobs.empty() && batch->size() < kMaxBatch && std::holds_alternative<CommitJob>(jobs.front())) {
    batch->push_back(std::get<CommitJob>(std::move(jobs.front())));
    jobs.pop_front();
  }
  CommitBatch(*database_, revision_).run(*batch);
  loop_.post([answers = answers_, batch] {
    for (CommitJob& job : *batch) {
      // An answer may end the store.
      if (!answers->wanted) return;
      const auto answer = [answers, batch, &job] {
        if (answers->wanted && job.on_done) job.on_done(job.outcome);
      };
      if (job.outcome && answers->on_committed) {
        answers->on_committed(job.transaction, job.outcome->revision, answer);
      } else {
        answer();
      }
    }
  });
}

template <class Answer, class Value>
void StoreThread::post(Answer on_done, Value value) {
  auto shared = std::make_shared<Value>(std::move(value));
  loop_.post([answers = answers_, on_done = std::move(on_done), shared] {
    if (answers->wanted && on_done) on_done(std::move(*shared));
  });
}

void StoreThread::run_read(ReadJob& job) {
  Tables tables(*database_);
  job.ask(tables);
  Status status;
  if (database_->failed()) {
    status = tl::unexpected(database_->error());
    database_->clear_failure();
  }
  post(std::move(job.on_done), status);
}

void StoreThread::run_read(SnapshotJob& job) { post(std::move(job.on_done), read_tables(*database_)); }

}  // namespace ingress::broker
