// One JSON line for each exchange, gathered by each loop and written in blocks of whole lines to the one file.
#pragma once

#include <atomic>
#include <cstdint>
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

  // All of it, before what another loop writes. Lines that the file does not take (a full disk) are lost, and counted;
  // that it begins and that it is over is logged.
  void write(std::string_view lines);
  // Follows a rotation.
  Status reopen();
  // Since the start.
  uint64_t lost_lines() const { return lost_.load(std::memory_order_relaxed); }

 private:
  explicit AccessLogFile(std::string path) : path_(std::move(path)) {}

  // What the file did not take; errno says why. Under the mutex.
  std::string_view put(std::string_view text) const;
  void tell(uint64_t lost, int why);

  const std::string path_;
  std::mutex mutex_;
  int fd_ = -1;
  bool cut_ = false;     // the file ends in a part of a line
  bool losing_ = false;  // and told so
  std::atomic<uint64_t> lost_ = 0;
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
