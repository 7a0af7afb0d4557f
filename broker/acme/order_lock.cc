#include "broker/acme/order_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>

#include "common/base/log.h"
#include "common/base/read_file.h"
#include "common/base/write_all.h"
#include "common/cli/values.h"

namespace ingress::broker::acme {
namespace {

namespace fs = std::filesystem;

// Between SIGTERM and SIGKILL, and until what survives that is left alone.
constexpr Duration kHolderPatience{5000};
constexpr size_t kMostHolderBytes = 64;

std::string lock_path(const std::string& folder) { return folder + "/order.lock"; }

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

std::optional<FileId> id_at(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return FileId{found.st_dev, found.st_ino};
}

std::optional<FileId> id_of(int fd) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return std::nullopt;
  return FileId{found.st_dev, found.st_ino};
}

// "1234\n"; 0 where it is no number.
int number_in(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end != text.data() ? number : 0;
}

bool has_open(const fs::path& process, FileId file) {
  std::error_code error;
  for (fs::directory_iterator each(process / "fd", error), end; !error && each != end; each.increment(error)) {
    if (id_at(each->path().string()) == file) return true;
  }
  return false;
}

// A number that was left in a file may be another process's by now.
bool group_has_open(int group, FileId file) {
  std::error_code error;
  for (fs::directory_iterator each("/proc", error), end; !error && each != end; each.increment(error)) {
    const int process = number_in(each->path().filename().string());
    if (process > 0 && ::getpgid(process) == group && has_open(each->path(), file)) return true;
  }
  return false;
}

}  // namespace

bool OrderLock::take(const std::string& folder) {
  const std::string path = lock_path(folder);
  while (true) {
    fd_ = uv::OwnedFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!held()) return true;
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      fd_ = uv::OwnedFd();
      return false;
    }
    // Else it was left behind in between.
    if (id_at(path) == id_of(fd_.get())) break;
  }
  // Who held it before; where that stays it is no harm, since the name is looked at closely.
  [[maybe_unused]] const int cleared = ::ftruncate(fd_.get(), 0);
  return true;
}

void OrderLock::name_holder(int group) const { static_cast<void>(write_all(fd_.get(), std::to_string(group) + "\n")); }

// A close would leave it to those who inherited the descriptor.
void OrderLock::release() {
  if (held()) ::flock(fd_.get(), LOCK_UN);
  fd_ = uv::OwnedFd();
}

bool signal_lock_holder(const std::string& folder, int number) {
  const std::string path = lock_path(folder);
  const int group = number_in(read_regular_file(path, kMostHolderBytes).value_or(""));
  const std::optional<FileId> file = id_at(path);
  if (group <= 1 || group == ::getpgrp() || !file || !group_has_open(group, *file)) return false;
  return ::kill(-group, number) == 0;
}

bool leave_lock_behind(const std::string& folder) { return ::unlink(lock_path(folder).c_str()) == 0; }

void LockWait::look(Time now) {
  if (now < ends_at_) return;
  ends_at_ = now + kHolderPatience;
  if (made_ || !signal_lock_holder(folder_, asked_ ? SIGKILL : SIGTERM)) return leave_behind();
  made_ = asked_;
  if (std::exchange(asked_, true)) return;
  log_warn("certificate_order_ended",
           {{"reason", "another process began it, and it was not done within " + cli::duration_text(limit_)}});
}

void LockWait::leave_behind() {
  const bool left = leave_lock_behind(folder_);
  log_warn("certificate_order_left",
           {{"reason", "what holds the lock of orders could not be ended; the next one begins"},
            {"error", left ? "" : std::generic_category().message(errno)}});
}

}  // namespace ingress::broker::acme
