// Gives memory back to the system when the process falls quiet after work that needed much (IdleMemoryRule says when,
// release_idle_pages() how). Thread: the loop's.
#pragma once

#include "common/base/idle_memory_rule.h"
#include "common/uv/timer.h"

namespace ingress::uv {

class Loop;

class IdleMemory {
 public:
  explicit IdleMemory(Loop& loop);

 private:
  void tick();

  IdleMemoryRule rule_;
  Timer ticker_;
};

}  // namespace ingress::uv
