// Who may hold a machine's tunnel, and what its agent is told, by the route table.
#pragma once

#include "broker/routing/route_table.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

class TunnelAccess final : public TunnelAuthority {
 public:
  explicit TunnelAccess(const RouteTable& routes) : routes_(routes) {}
  Verdict check(std::string_view machine, std::string_view token) override;
  bool config_of(std::string_view machine, tunnel::pb::Config& config) override;
  // The port of public URLs; before the first tunnel.
  void set_https_port(int port) { https_port_ = port; }

 private:
  const RouteTable& routes_;
  int https_port_ = 443;
};

}  // namespace ingress::broker
