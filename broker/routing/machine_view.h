// What the routes say of one machine, as its agent is told (CONFIG, docs/protocol.md section 13). Bounded, whatever the
// tables hold: what is beyond is left out, and no port that is left out counts as public.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "broker/routing/index_nodes.h"
#include "broker/routing/route_index.h"

namespace ingress::broker {

struct MachineView {
  static constexpr size_t kMostProjects = 64;
  static constexpr size_t kMostServices = 512;
  static constexpr size_t kMostDomains = 64;
  static constexpr size_t kMostHosts = 64;
  static constexpr size_t kMostPorts = 4096;

  struct Service {
    std::string name;
    int port = 0;
  };
  struct Project {
    std::string slug;
    int default_port = 0;
    bool attached = false;          // else only its services that lead here
    std::vector<Service> services;  // by name
    std::vector<std::string> domains;
  };
  struct Host {
    std::string name;
    int port = 0;
  };

  int default_port = 0;
  std::vector<Project> projects;
  std::vector<Host> hosts;  // exact ones of routes that are open and whose time is not over, the newest first
  bool public_by_default = false;
  std::vector<int> other_ports;  // that are not as public_by_default says; ascending
};

// `policies` are the broker's own, `now` is in Unix seconds. Cost: the services and projects of the machine; of hosts,
// at most a thousand are looked at.
MachineView machine_view(const MachineNode& machine, const BrokerPolicies& policies, int64_t now);

// Whether the policy of the machine's port, by whatever name it is reached, lets everybody in to do what they like.
bool port_is_public(const MachineNode& machine, int port, const BrokerPolicies& policies);

}  // namespace ingress::broker
