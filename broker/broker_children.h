// `run --supervise`: what the broker's parent process gives its children beside the sockets: the keys of session
// tickets, and ways to those that still run (broker/generations/). Thread: main.
#pragma once

#include <string>
#include <vector>

#include "broker/config.h"

namespace ingress::broker {

// Holds the sockets and runs the broker as a child (common/supervise/). `argv` is this process's own. Returns the exit
// code.
int supervise(const Config& config, const std::vector<std::string>& argv);

}  // namespace ingress::broker
