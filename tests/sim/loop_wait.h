// Where a loop would wait for the kernel.
#pragma once

#include "tests/sim/kernel.h"

namespace ingress::sim {

// The events that are there. A loop that is run makes one turn: what it would have waited for is noted in its set.
size_t wait_in_loop(EpollSet& set, Kernel::Event* to, size_t most, int timeout_ms);

}  // namespace ingress::sim
