// Wires the agent's parts and runs them until a signal. Thread: main.
#pragma once

#include "agent/config.h"

namespace ingress::agent {

// Returns the exit code: 0 after a signal, 1 where the local port can't be had. It ends for no other reason.
int run(const Config& config);

}  // namespace ingress::agent
