// One JSON line for each exchange, gathered and written in blocks. Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

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

class AccessLog {
 public:
  static constexpr size_t kBlockBytes = size_t{64} * 1024;
  static constexpr Duration kFlushInterval{1000};

  // Appends to the file. reopen() follows a rotation.
  static Result<std::unique_ptr<AccessLog>> open(uv::Loop& loop, const std::string& path);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(const AccessEntry& entry);
  void flush();
  Status reopen();

 private:
  AccessLog(uv::Loop& loop, std::string path);
  std::string_view stamp();

  std::string path_;
  ByteBuffer block_;
  uv::Timer timer_;
  int fd_ = -1;
  int64_t stamp_second_ = 0;
  std::string stamp_;
};

}  // namespace ingress::broker
