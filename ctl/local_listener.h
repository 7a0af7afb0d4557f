// A port of this machine that leads to one of another machine: -L [BIND:]PORT:HOST:PORT, as ssh has it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ctl/outcome.h"

namespace ingress::ctl {

// "MACHINE:PORT" or "HOST:PORT", a port from 1 to 65535 without leading zeros; no address.
bool is_far_target(std::string_view text);

struct LocalForward {
  std::string bind = "127.0.0.1";  // an address, without brackets
  int port = 0;                    // 0: any
  std::string target;              // "mach_123:5432"

  // "5432:mach_123:5432", "0.0.0.0:5432:mach_123:5432", "[::1]:5432:mach_123:5432".
  static Outcome<LocalForward> parse(std::string_view text);
};

class LocalListener {
 public:
  static Outcome<std::unique_ptr<LocalListener>> listen(const LocalForward& forward);
  ~LocalListener();
  LocalListener(const LocalListener&) = delete;
  LocalListener& operator=(const LocalListener&) = delete;

  int descriptor() const { return fd_; }
  // "127.0.0.1:5432", with the port that was bound.
  std::string address() const;
  const std::string& target() const { return target_; }
  // The next connection, or -1.
  int accept() const;

 private:
  LocalListener(int fd, std::string target) : fd_(fd), target_(std::move(target)) {}

  int fd_;
  std::string target_;
};

}  // namespace ingress::ctl
