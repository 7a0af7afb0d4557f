// Calls back when something changes in a folder (inotify): file names come and go, and bursts are not merged.
// Does not keep the loop running.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/error.h"

namespace ingress::uv {

class Loop;

class FileWatch {
 public:
  static Result<std::unique_ptr<FileWatch>> watch(Loop& loop, const std::string& folder,
                                                  std::function<void()> on_change);
  virtual ~FileWatch() = default;
};

}  // namespace ingress::uv
