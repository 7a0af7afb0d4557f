// `run --supervise`: a parent that holds the listening sockets and starts the broker as its child. A child that dies is
// started again, and who connects meanwhile waits in the sockets' queues; SIGUSR2 starts the program file anew (an
// upgrade) while the old child runs its exchanges dry. Thread: main.
//
// Signals: SIGTERM and SIGINT drain all children and end (a second one at once); SIGHUP goes to the child; SIGUSR2
// upgrades, after `validate` of the program file there now has found the configuration good.
#pragma once

#include <string>
#include <vector>

#include "broker/config.h"

namespace ingress::broker {

// `argv` is this process's own. Returns the exit code.
int supervise(const Config& config, const std::vector<std::string>& argv);

}  // namespace ingress::broker
