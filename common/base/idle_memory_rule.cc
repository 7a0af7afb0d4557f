#include "common/base/idle_memory_rule.h"

#include <utility>

namespace ingress {

bool IdleMemoryRule::due(Duration cpu, size_t spare_bytes) {
  const Duration used = cpu - std::exchange(cpu_, cpu);
  if (used > kQuietCpu) return false;
  if (!usual_) usual_ = spare_bytes;
  if (spare_bytes < *usual_ + kLeastGrowth) return false;
  usual_.reset();
  return true;
}

}  // namespace ingress
