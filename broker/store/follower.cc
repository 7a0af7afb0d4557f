#include "broker/store/follower.h"

#include <sys/stat.h>

#include <utility>

#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/database/database.h"

namespace ingress::broker {
namespace {

// What is open is looked at twice a second (Forwarder): together that is less than a second.
constexpr Duration kInterval{200};
constexpr Duration kPauseOfFailures{1000};
// How long it is read after its last change: a commit is written first, then synced, then there to be read.
constexpr Duration kSettling{60000};
// Changes at a time: the loop does other things in between. No batch of the admin API is longer.
constexpr int kPart = 1000;

}  // namespace

Follower::Follower(uv::Loop& loop, std::string path, int64_t revision, OnChanges on_changes)
    : loop_(loop), path_(std::move(path)), revision_(revision), seen_(stamps()) {
  shared_->on_changes = std::move(on_changes);
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

Follower::~Follower() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->ending = true;
  }
  shared_->told.notify_one();
  thread_.join();
}

Follower::FileStamp Follower::stamp_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  constexpr int64_t kSecond = 1'000'000'000;
  return {found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec * kSecond + found.st_mtim.tv_nsec};
}

void Follower::run() {
  while (wait(failing_ ? kPauseOfFailures : kInterval) && look()) {
  }
}

bool Follower::wait(Duration pause) {
  std::unique_lock lock(shared_->mutex);
  return !shared_->told.wait_for(lock, pause, [this] { return shared_->ending; });
}

bool Follower::look() {
  const Stamps found = stamps();
  const auto now = std::chrono::steady_clock::now();
  if (found != seen_) read_until_ = now + kSettling;
  if (now >= read_until_ && !failing_) return true;
  if (found.front().inode != seen_.front().inode || found.front().device != seen_.front().device) {
    warn(path_ + " was replaced by another file, or removed");
    return false;
  }
  seen_ = found;
  return read();
}

bool Follower::read() {
  // Without a log nobody has it open: it is read as it is, and no files are made beside it.
  const bool alone = seen_.back().inode == 0;
  std::string problem;
  Result<std::unique_ptr<db::Database>> database =
      db::Database::open(path_, alone ? db::Database::Mode::kImmutable : db::Database::Mode::kReadOnly, problem);
  if (!database) return failed(database.error(), problem);
  (*database)->run("PRAGMA busy_timeout = 100");  // milliseconds
  for (bool more = true; more;) {
    Result<FollowedChanges> followed = changes_behind(**database, path_, revision_, kPart, problem);
    if (!followed) return failed(followed.error(), problem);
    more = followed->more;
    if (!take(std::move(*followed))) return false;
  }
  failing_ = false;
  return true;
}

// What may pass (another process was about to close the file) is tried again, and told of where it did not.
bool Follower::failed(const Error& error, const std::string& problem) {
  const bool passes = error.code == ErrorCode::kIo;
  if (!passes || failing_) warn(problem);
  failing_ = passes;
  return passes;
}

void Follower::warn(const std::string& reason) {
  if (!std::exchange(warned_, true)) log_warn("database_not_followed", {{"reason", reason}});
}

bool Follower::take(FollowedChanges followed) {
  if (!followed.left_out.empty()) warn("this version cannot read all of it: " + followed.left_out);
  revision_ = followed.revision;
  if (followed.transaction.changes.empty()) return true;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->applying = true;
  }
  const auto applied = [shared = shared_] {
    const std::lock_guard lock(shared->mutex);
    shared->applying = false;
    shared->told.notify_one();
  };
  loop_.post([shared = shared_, applied, transaction = std::make_shared<Transaction>(std::move(followed.transaction))] {
    if (!shared->ending) shared->on_changes(*transaction, applied);
  });
  std::unique_lock lock(shared_->mutex);
  shared_->told.wait(lock, [this] { return shared_->ending || !shared_->applying; });
  return !shared_->ending;
}

}  // namespace ingress::broker
