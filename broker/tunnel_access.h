// Who may hold a machine's tunnel, and what its agent is told, by the route table.
#pragma once

#include "broker/machine_joiner.h"
#include "broker/routing/route_table.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

// A join token makes the machine: its agent is asked to come again, and is let in then.
class TunnelAccess final : public TunnelAuthority {
 public:
  TunnelAccess(const RouteTable& routes, MachineJoiner& joiner) : routes_(routes), joiner_(joiner) {}
  Verdict check(std::string_view machine, std::string_view token) override;
  bool config_of(std::string_view machine, tunnel::pb::Config& config) override;
  // The port of public URLs; before the first tunnel.
  void set_https_port(int port) { https_port_ = port; }

 private:
  bool may_join(std::string_view machine, std::string_view token, const std::string& digest) const;

  const RouteTable& routes_;
  MachineJoiner& joiner_;
  int https_port_ = 443;
};

}  // namespace ingress::broker
