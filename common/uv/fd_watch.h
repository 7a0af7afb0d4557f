// Watches a descriptor that a library owns (a resolver's socket), level-triggered. Our own sockets are Socket's.
// Thread: the loop's.
#pragma once

#include <functional>
#include <memory>

#include "common/base/error.h"

namespace ingress::uv {

class Loop;

class FdWatch {
 public:
  // It may destroy the watch.
  using OnReady = std::function<void(bool readable, bool writable)>;

  // Watches for nothing before set(). An error where the kernel can't poll it.
  static Result<std::unique_ptr<FdWatch>> watch(Loop& loop, int fd, OnReady on_ready);
  // Before the descriptor is closed.
  virtual ~FdWatch() = default;
  virtual void set(bool readable, bool writable) = 0;
};

}  // namespace ingress::uv
