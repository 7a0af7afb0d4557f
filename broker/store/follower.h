// Keeps a process that has let go of its database in step with who has it since: a thread looks at the file five times
// a second, and opens it only where it changed, to read, for as long as that takes. (A connection that stayed open
// would be in the way of `ingressctl db restore`, and would leave SQLite's log unfolded when the last broker stops.)
// What can't be followed is logged once, and what was followed until then stays. Thread: the loop's.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "broker/model/changes.h"
#include "broker/store/followed_changes.h"
#include "common/base/clock.h"
#include "common/uv/loop.h"

namespace ingress::broker {

class Follower {
 public:
  // What others have committed, in order, on the loop. `applied` is called once, at once or later: then comes the next.
  using OnChanges = std::function<void(const Transaction& transaction, std::function<void()> applied)>;

  // The file is of that revision, and its lock is still held. The loop outlives it.
  Follower(uv::Loop& loop, std::string path, int64_t revision, OnChanges on_changes);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  // Waits for a look that is under way, a fraction of a second at most. Nothing is told after it.
  ~Follower();

 private:
  // What posted tasks may touch: they can come when this is gone.
  struct Shared {
    OnChanges on_changes;
    std::mutex mutex;
    std::condition_variable told;
    bool ending = false;  // set by the loop's thread alone
    bool applying = false;
  };
  struct FileStamp {
    dev_t device = 0;
    ino_t inode = 0;  // 0 where there is no file
    off_t size = 0;
    int64_t changed_at = 0;  // nanoseconds

    bool operator==(const FileStamp&) const = default;
  };
  using Stamps = std::array<FileStamp, 2>;  // of the database and of its log

  static FileStamp stamp_of(const std::string& path);
  Stamps stamps() const { return {stamp_of(path_), stamp_of(path_ + "-wal")}; }

  void run();
  // False where it ends.
  bool wait(Duration pause);
  // These: false where there is no more to be done.
  bool look();
  bool read();
  bool take(FollowedChanges followed);
  bool failed(const Error& error, const std::string& problem);
  void warn(const std::string& reason);

  uv::Loop& loop_;
  const std::string path_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  // The thread's, from its start on.
  int64_t revision_;
  Stamps seen_;
  std::chrono::steady_clock::time_point read_until_{};
  bool failing_ = false;
  bool warned_ = false;
  std::thread thread_;
};

}  // namespace ingress::broker
