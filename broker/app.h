// Wires the broker's parts and runs them until a signal. Thread: main.
#pragma once

#include "broker/config_source.h"

namespace ingress::broker {

// Returns the exit code. SIGHUP has `source` read again.
int run(const Config& config, const ConfigSource& source);

}  // namespace ingress::broker
