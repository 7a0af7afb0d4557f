// What the broker has told of this machine (CONFIG, docs/protocol.md section 13): which of its ports public hosts lead
// to, and which ports everybody may reach. Plain value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace ingress::agent {

inline constexpr int kDefaultPort = 3000;

struct MachineConfig {
  struct Service {
    std::string name;
    int port = 0;
  };
  struct Project {
    std::string slug;
    int default_port = kDefaultPort;
    bool attached = false;          // its own hosts lead here, too; else those of its services alone
    std::vector<Service> services;  // that lead here
    std::vector<std::string> domains;
  };
  struct Host {
    std::string name;
    int port = 0;
  };

  int default_port = kDefaultPort;
  std::vector<std::string> domains;  // DOMAINs, the longest first
  int https_port = 443;
  std::vector<Project> projects;
  std::vector<Host> hosts;  // exact ones of routes
  bool public_by_default = false;
  std::vector<int> other_ports;  // ascending: those that are not as public_by_default says

  // Whether the policy of a port lets everybody in.
  bool is_public(int port) const;
  // Where a public host ends on this machine, as the broker has it; `host` in lower case, without a dot at its end.
  // nullopt for a name that says nothing of this machine's projects; kInvalidProxyTargetHost (side kClient) for one
  // that leads to nothing of theirs here.
  std::optional<Result<int>> port_of(std::string_view host) const;
  // A port's public URLs, the one to be shown first; `machine` is this machine's id.
  std::vector<std::string> urls_of(int port, const std::string& machine) const;
};

}  // namespace ingress::agent
