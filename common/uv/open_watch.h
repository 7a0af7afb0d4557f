// Calls back when somebody opens a file (inotify IN_OPEN), in this process or in another one. Does not keep the loop
// running. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/error.h"

namespace ingress::uv {

class Loop;

class OpenWatch {
 public:
  // `on_open` comes from the loop, once for all openings that the kernel tells of at a time; it may destroy the watch.
  // An error (kIo) where the file is not there, or the user has as many watches as the kernel allows.
  static Result<std::unique_ptr<OpenWatch>> watch(Loop& loop, const std::string& file, std::function<void()> on_open);
  virtual ~OpenWatch() = default;
};

}  // namespace ingress::uv
