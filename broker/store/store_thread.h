// The thread that has the database: jobs run in the order in which they were given, and their answers are posted to the
// loop in that order. Thread: the loop's, but for run() and what it calls.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "broker/store/commit_batch.h"
#include "broker/store/store.h"
#include "common/database/database.h"
#include "common/uv/loop.h"

namespace ingress::broker {

struct SnapshotJob {
  std::function<void(Result<Snapshot>)> on_done;
};

struct ReadJob {
  std::function<void(Tables&)> ask;
  std::function<void(Status)> on_done;
};

using StoreJob = std::variant<CommitJob, SnapshotJob, ReadJob>;

class StoreThread {
 public:
  StoreThread(uv::Loop& loop, std::unique_ptr<db::Database> database, int64_t revision);
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;
  // Runs what was given; its answers are dropped.
  ~StoreThread();

  void set_on_committed(Store::OnCommitted on_committed) { answers_->on_committed = std::move(on_committed); }
  void give(StoreJob job);

 private:
  // What posted answers may touch: they can come when this is gone. Used on the loop's thread alone.
  struct Answers {
    bool wanted = true;
    Store::OnCommitted on_committed;
  };

  void run();
  bool take(std::deque<StoreJob>& jobs);
  // Runs the commits at the front of `jobs` as one batch.
  void run_commits(std::deque<StoreJob>& jobs);
  void run_read(SnapshotJob& job);
  void run_read(ReadJob& job);
  template <class Answer, class Value>
  void post(Answer on_done, Value value);

  uv::Loop& loop_;
  std::unique_ptr<db::Database> database_;  // the thread's, from its start to its end
  int64_t revision_;                        // the thread's
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();

  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<StoreJob> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace ingress::broker
