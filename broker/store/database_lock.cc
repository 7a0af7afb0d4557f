#include "broker/store/database_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>

#include "common/base/log.h"

namespace ingress::broker {
namespace {

constexpr Duration kLook{20};

}  // namespace

Status DatabaseLock::take(const std::string& path, Duration patience) {
  const std::string file = path + ".lock";
  uv::OwnedFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!fd.valid()) return fail(ErrorCode::kIo, Side::kInternal, "opening the lock of the database", errno);
  bool told = false;
  for (const auto until = std::chrono::steady_clock::now() + patience; flock(fd.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return fail(ErrorCode::kIo, Side::kInternal, "locking the database", errno);
    }
    if (std::chrono::steady_clock::now() >= until) {
      return fail(ErrorCode::kConflict, Side::kInternal, "another broker has the database open");
    }
    if (!told) log_info("waiting_for_database", {{"path", path}});
    told = true;
    std::this_thread::sleep_for(kLook);
  }
  fd_ = std::move(fd);
  return {};
}

}  // namespace ingress::broker
