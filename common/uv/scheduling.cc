#include "common/uv/scheduling.h"

#include <sched.h>

namespace ingress::uv {

void schedule_in_turn() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  const sched_param no_priority{};
  sched_setscheduler(0, SCHED_BATCH, &no_priority);
}

}  // namespace ingress::uv
