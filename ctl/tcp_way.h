// A raw connection through the broker to a port of a machine: CONNECT at the admin address (docs/tcp.md). It does not
// block once it is open. Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "ctl/admin_address.h"
#include "ctl/outcome.h"

namespace ingress::ctl {

class TcpWay {
 public:
  enum class Progress : uint8_t { kSome, kNotNow, kEnd, kBroken };
  struct Moved {
    Progress progress = Progress::kNotNow;
    size_t bytes = 0;
  };

  // Blocks until the far end is connected, or a sentence says why not: exit code 4 where it is about authority.
  static Outcome<std::unique_ptr<TcpWay>> open(const AdminAddress& address, const std::string& token,
                                               const std::string& target);
  ~TcpWay();
  TcpWay(const TcpWay&) = delete;
  TcpWay& operator=(const TcpWay&) = delete;

  int descriptor() const;
  // kSome, kNotNow, kEnd (the far end has said all) or kBroken.
  Moved read(char* to, size_t size);
  // kSome, kNotNow or kBroken.
  Moved write(const char* from, size_t size);
  // Nothing more is written. Over TLS nobody is told: the far end hears of it when the connection ends.
  void half_close();

 private:
  TcpWay();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::ctl
