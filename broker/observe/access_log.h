// One JSON line for each exchange, gathered by each loop and written in blocks of whole lines to the one file.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "broker/observe/exchange_record.h"
#include "common/base/byte_buffer.h"
#include "common/base/error.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

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

  // `time` is when it ended, as text.
  void write(const ExchangeRecord& record, std::string_view time);
  void flush();

 private:
  AccessLogFile& file_;
  ByteBuffer block_;
  uv::Timer timer_;
};

}  // namespace ingress::broker
