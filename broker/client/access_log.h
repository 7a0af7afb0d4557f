// One JSON line for each exchange, gathered by each loop and written in blocks of whole lines to the one file.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/byte_buffer.h"
#include "common/base/error.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

struct AccessEntry {
  std::string_view client_ip;
  std::string_view host;
  std::string_view method;
  std::string_view target;
  std::string_view machine;
  std::string_view error;  // code, "" where none
  int port = 0;
  int status = 0;  // 0: the client left before an answer
  uint64_t body_bytes = 0;
  Duration duration{0};
};

// The file, appended to. Thread: any.
class AccessLogFile {
 public:
  static Result<std::unique_ptr<AccessLogFile>> open(const std::string& path);
  ~AccessLogFile();
  AccessLogFile(const AccessLogFile&) = delete;
  AccessLogFile& operator=(const AccessLogFile&) = delete;

  // All of it, before what another loop writes.
  void write(std::string_view lines);
  // Follows a rotation.
  Status reopen();

 private:
  explicit AccessLogFile(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  std::mutex mutex_;
  int fd_ = -1;
};

// One loop's lines. Thread: the loop's.
class AccessLog {
 public:
  static constexpr size_t kBlockBytes = size_t{64} * 1024;
  static constexpr Duration kFlushInterval{1000};

  // Both outlive it.
  AccessLog(uv::Loop& loop, AccessLogFile& file);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(const AccessEntry& entry);
  void flush();

 private:
  std::string_view stamp();

  AccessLogFile& file_;
  ByteBuffer block_;
  uv::Timer timer_;
  int64_t stamp_second_ = 0;
  std::string stamp_;
};

}  // namespace ingress::broker
