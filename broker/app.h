// Wires the broker's parts and runs them until a signal. Thread: main.
#pragma once

#include "broker/config.h"

namespace ingress::broker {

// Returns the exit code.
int run(const Config& config);

}  // namespace ingress::broker
