// CONFIG as the agent keeps it.
#pragma once

#include "agent/target/machine_config.h"
#include "common/tunnel/session.h"

namespace ingress::agent {

// What is no port is left out.
MachineConfig machine_config_of(const tunnel::pb::Config& config);

}  // namespace ingress::agent
