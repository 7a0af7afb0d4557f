// `run --supervise`: what the agent's parent process gives its children beside the socket: who each is to the broker,
// its instance, and those that it takes over from (design, section 5). Alone, an agent is a new instance that takes
// over from nobody. Thread: main.
#pragma once

#include <string>
#include <vector>

#include "agent/config.h"

namespace ingress::agent {

struct Identity {
  std::string instance;                 // 16 bytes
  std::vector<std::string> supersedes;  // the same each, the latest last
  bool has_parent = false;
};

// From the environment where the parent has put it there.
Identity identity_of_process();

// Holds the socket of --listen and runs the agent as a child (common/supervise/). A child that is upgraded keeps its
// tunnels, and the port, until the next one has a tunnel. `argv` is this process's own. Returns the exit code.
int supervise(const Config& config, const std::vector<std::string>& argv);

}  // namespace ingress::agent
