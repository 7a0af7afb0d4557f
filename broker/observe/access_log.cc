#include "broker/observe/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "broker/observe/record_line.h"

namespace ingress::broker {

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
  if (fd < 0) return fail(ErrorCode::kIo, Side::kInternal, "opening the access log", errno);
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  return {};
}

void AccessLogFile::write(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  while (!lines.empty() && fd_ >= 0) {
    const ssize_t taken = ::write(fd_, lines.data(), lines.size());
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) break;  // a full disk loses log lines, never requests
    lines.remove_prefix(static_cast<size_t>(taken));
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
