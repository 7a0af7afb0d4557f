// Who may hold a machine's tunnel, by the route table.
#pragma once

#include "broker/routing/route_table.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

class TunnelAccess final : public TunnelAuthority {
 public:
  explicit TunnelAccess(const RouteTable& routes) : routes_(routes) {}
  Verdict check(std::string_view machine, std::string_view token) override;

 private:
  const RouteTable& routes_;
};

}  // namespace ingress::broker
