#include "broker/client/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <utility>

#include "common/base/byte_block.h"
#include "common/base/words.h"

namespace ingress::broker {
namespace {

// Of a byte of text: \u00XX.
constexpr size_t kMostBytesOfByte = 6;
// What a line has beside its texts: names, quotes and numbers.
constexpr size_t kMostFixedBytes = 400;

bool is_plain(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

// Bytes that need no escape. Those above 0x7f do.
constexpr auto kPlain = [](ByteBlock block) {
  return in_range(block, 0x20, 0x7e) & ~(is_byte(block, '"') | is_byte(block, '\\'));
};

// Appends to memory that was measured before.
class LinePen {
 public:
  explicit LinePen(uint8_t* at) : at_(at) {}

  void write(std::string_view text) {
    copy_short(at_, text.data(), text.size());
    at_ += text.size();
  }
  // What is the same in every line.
  template <size_t N>
  void fixed(const char (&text)[N]) {
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
  }
  void text(std::string_view text) {
    if (every_byte_of(text, kPlain)) return write(text);
    for (const char c : text) put(c);
  }
  void number(uint64_t number) {
    auto* const begin = reinterpret_cast<char*>(at_);
    at_ += std::to_chars(begin, begin + 20, number).ptr - begin;
  }
  uint8_t* at() const { return at_; }

 private:
  void put(char c) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<uint8_t>(c);
    if (!is_plain(c)) {
      write("\\u00");
      *at_++ = static_cast<uint8_t>(kDigits[byte >> 4]);
      *at_++ = static_cast<uint8_t>(kDigits[byte & 15]);
    } else {
      *at_++ = byte;
    }
  }

  uint8_t* at_;
};

size_t most_bytes(const AccessEntry& entry) {
  size_t text = 0;
  for (const std::string_view each :
       {entry.client_ip, entry.host, entry.method, entry.target, entry.machine, entry.error}) {
    text += each.size();
  }
  return kMostFixedBytes + kMostBytesOfByte * text;
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

// The time of now, to the millisecond: what changes once a second is kept.
std::string_view AccessLog::stamp() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != stamp_second_) {
    stamp_second_ = now.tv_sec;
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    char text[32];
    stamp_.assign(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts));
  }
  const auto milliseconds = static_cast<unsigned>(now.tv_nsec / 1000000);
  char* digits = stamp_.data() + stamp_.size() - 4;
  for (const unsigned divisor : {100U, 10U, 1U}) *digits++ = static_cast<char>('0' + milliseconds / divisor % 10);
  return stamp_;
}

void AccessLog::write(const AccessEntry& entry) {
  uint8_t* const begin = block_.reserve(most_bytes(entry));
  LinePen pen(begin);
  pen.fixed(R"({"time":")");
  pen.write(stamp());
  pen.fixed(R"(","client":")");
  pen.text(entry.client_ip);
  pen.fixed(R"(","host":")");
  pen.text(entry.host);
  pen.fixed(R"(","method":")");
  pen.text(entry.method);
  pen.fixed(R"(","target":")");
  pen.text(entry.target);
  pen.fixed(R"(","status":)");
  pen.number(static_cast<uint64_t>(entry.status));
  pen.fixed(R"(,"bytes":)");
  pen.number(entry.body_bytes);
  pen.fixed(R"(,"ms":)");
  pen.number(static_cast<uint64_t>(entry.duration.count()));
  pen.fixed(R"(,"machine":")");
  pen.text(entry.machine);
  pen.fixed(R"(","port":)");
  pen.number(static_cast<uint64_t>(entry.port));
  if (!entry.error.empty()) {
    pen.fixed(R"(,"error":")");
    pen.text(entry.error);
    pen.fixed("\"");
  }
  pen.fixed("}\n");
  block_.commit(static_cast<size_t>(pen.at() - begin));
  if (block_.size() >= kBlockBytes) flush();
}

void AccessLog::flush() {
  if (!block_.empty()) file_.write(as_text(block_.view()));
  block_.clear();
}

}  // namespace ingress::broker
