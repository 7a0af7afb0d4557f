// Gives memory back to the system when the process falls quiet after work that needed much (IdleMemoryRule says when).
// Thread: the loop's.
#pragma once

#include "common/base/idle_memory_rule.h"
#include "common/uv/timer.h"

namespace ingress::uv {

class Loop;

class IdleMemory {
 public:
  // `release` is release_idle_pages or release_idle_heap.
  IdleMemory(Loop& loop, void (*release)());

 private:
  void tick();

  void (*release_)();
  IdleMemoryRule rule_;
  Timer ticker_;
};

}  // namespace ingress::uv
