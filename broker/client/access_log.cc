#include "broker/client/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ctime>
#include <utility>

namespace ingress::broker {
namespace {

void append_number(std::string& out, uint64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_text(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    out += "\\u00";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  out.append(text.substr(plain));
  out += '"';
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  append_text(out, text);
}

void append_field(std::string& out, std::string_view name, uint64_t number) {
  out.append(",\"").append(name).append("\":");
  append_number(out, number);
}

}  // namespace

AccessLog::AccessLog(uv::Loop& loop, std::string path) : path_(std::move(path)), timer_(loop, [this] { flush(); }) {
  timer_.start(kFlushInterval, kFlushInterval);
  timer_.unref();
}

AccessLog::~AccessLog() {
  flush();
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(uv::Loop& loop, const std::string& path) {
  std::unique_ptr<AccessLog> log(new AccessLog(loop, path));
  if (const Status opened = log->reopen(); !opened) return tl::unexpected(opened.error());
  return log;
}

Status AccessLog::reopen() {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return fail(ErrorCode::kIo, Side::kInternal, "opening the access log", errno);
  flush();
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  return {};
}

void AccessLog::write(const AccessEntry& entry) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != stamp_second_) {
    stamp_second_ = now.tv_sec;
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    char text[32];
    stamp_.assign(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts));
  }
  const auto milliseconds = static_cast<unsigned>(now.tv_nsec / 1000000);
  block_.append("{\"time\":\"").append(stamp_);
  for (const unsigned divisor : {100U, 10U, 1U}) block_ += static_cast<char>('0' + milliseconds / divisor % 10);
  block_ += "Z\"";
  append_field(block_, "client", entry.client_ip);
  append_field(block_, "host", entry.host);
  append_field(block_, "method", entry.method);
  append_field(block_, "target", entry.target);
  append_field(block_, "status", static_cast<uint64_t>(entry.status));
  append_field(block_, "bytes", entry.body_bytes);
  append_field(block_, "ms", static_cast<uint64_t>(entry.duration.count()));
  append_field(block_, "machine", entry.machine);
  append_field(block_, "port", static_cast<uint64_t>(entry.port));
  if (!entry.error.empty()) append_field(block_, "error", entry.error);
  block_ += "}\n";
  if (block_.size() >= kBlockBytes) flush();
}

void AccessLog::flush() {
  size_t written = 0;
  while (written < block_.size() && fd_ >= 0) {
    const ssize_t taken = ::write(fd_, block_.data() + written, block_.size() - written);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) break;  // a full disk loses log lines, never requests
    written += static_cast<size_t>(taken);
  }
  block_.clear();
}

}  // namespace ingress::broker
