// What the agent says of itself and its machine to who works there (http://127.0.0.1:8080/_ingress/), as values and as
// text. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/status/error_ring.h"

namespace ingress::agent {

struct SelfReport {
  // One of the agent's tunnels.
  struct Connection {
    int slot = 0;
    bool up = false;
    std::string address;        // of the broker; the rest only while it is up
    int64_t since = 0;          // Unix seconds
    int64_t round_trip_ms = 0;  // 0: not known yet
  };
  struct Port {
    int number = 0;
    std::string process;  // may be empty
    bool is_public = true;
    std::vector<std::string> urls;  // the one to be shown first
  };

  std::string machine;
  std::string agent_version;
  std::string broker;     // its authority
  std::string broker_id;  // as it calls itself; empty before the first tunnel
  int64_t since = 0;      // since when some tunnel has been up, Unix seconds; 0: none is
  bool told = false;      // by the broker, of projects and policies
  std::vector<Connection> connections;
  std::vector<Port> ports;
  bool more_ports = false;
  std::vector<SeenError> errors;  // the newest first
};

std::string json_of(const SelfReport& report);
// For a terminal: short lines, no colour.
std::string text_of(const SelfReport& report);

}  // namespace ingress::agent
