#include "common/database/database_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "common/base/log.h"

namespace ingress::db {
namespace {

constexpr Duration kLook{20};

}  // namespace

Status DatabaseLock::take(const std::string& path, Duration patience) {
  fd_ = open(file_of(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd_ < 0) return fail(ErrorCode::kIo, Side::kInternal, "opening the lock of the database", errno);
  bool told = false;
  for (const auto until = std::chrono::steady_clock::now() + patience; flock(fd_, LOCK_EX | LOCK_NB) != 0;) {
    const int code = errno;
    if (code != EWOULDBLOCK && code != EINTR) {
      release();
      return fail(ErrorCode::kIo, Side::kInternal, "locking the database", code);
    }
    if (std::chrono::steady_clock::now() >= until) {
      release();
      return fail(ErrorCode::kConflict, Side::kInternal, "another broker has the database open");
    }
    if (!told) log_info("waiting_for_database", {{"path", path}});
    told = true;
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

void DatabaseLock::knock(const std::string& path) {
  const int fd = open(file_of(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) close(fd);
}

void DatabaseLock::release() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

}  // namespace ingress::db
