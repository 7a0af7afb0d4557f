#include "broker/observe/access_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "broker/observe/record_line.h"
#include "common/base/log.h"

namespace ingress::broker {
namespace {

bool same_file(int one, int other) {
  struct stat a {};
  struct stat b {};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

AccessLogFile::~AccessLogFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<AccessLogFile>> AccessLogFile::open(const std::string& path) {
  std::unique_ptr<AccessLogFile> file(new AccessLogFile(path));
  if (const Status opened = file->reopen(); !opened) return tl::unexpected(opened.error());
  return file;
}

Status AccessLogFile::reopen() {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return fail(ErrorCode::kIo, Side::kInternal, "opening the file of --access-log", errno);
  const std::lock_guard lock(mutex_);
  cut_ = cut_ && same_file(fd_, fd);
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  return {};
}

// A full disk loses log lines, never requests.
void AccessLogFile::write(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  // What follows a part of a line would be spoilt with it.
  if (cut_) cut_ = !put("\n").empty();
  const std::string_view left = cut_ ? lines : put(lines);
  const int why = errno;
  const std::string_view taken = lines.substr(0, lines.size() - left.size());
  cut_ = cut_ || (!left.empty() && !taken.empty() && taken.back() != '\n');
  tell(static_cast<uint64_t>(std::count(left.begin(), left.end(), '\n')), why);
}

std::string_view AccessLogFile::put(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t taken = ::write(fd_, text.data(), text.size());
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) break;
    text.remove_prefix(static_cast<size_t>(taken));
  }
  return text;
}

void AccessLogFile::tell(uint64_t lost, int why) {
  lost_.fetch_add(lost, std::memory_order_relaxed);
  if ((lost > 0) == std::exchange(losing_, lost > 0)) return;
  if (losing_) {
    log_error("access_log_lost", {{"path", path_}, {"error", std::generic_category().message(why)}});
  } else {
    log_info("access_log_back", {{"path", path_}, {"lost_lines", std::to_string(lost_lines())}});
  }
}

AccessLog::AccessLog(uv::Loop& loop, AccessLogFile& file) : file_(file), timer_(loop, [this] { flush(); }) {
  timer_.start(kFlushInterval, kFlushInterval);
  timer_.unref();
}

AccessLog::~AccessLog() { flush(); }

void AccessLog::write(const ExchangeRecord& record, std::string_view time) {
  uint8_t* const begin = block_.reserve(most_line_bytes(record) + 1);
  uint8_t* end = write_line(begin, record, time);
  *end++ = '\n';
  block_.commit(static_cast<size_t>(end - begin));
  if (block_.size() >= kBlockBytes) flush();
}

void AccessLog::flush() {
  if (!block_.empty()) file_.write(as_text(block_.view()));
  block_.clear();
}

}  // namespace ingress::broker
