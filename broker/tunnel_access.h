// Who may hold a machine's tunnel, and what its agent is told, by the route table.
#pragma once

#include <string>

#include "broker/routing/route_table.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

// Makes the machine of an agent that comes with a join token.
class MachineJoiner {
 public:
  // Any loop's thread. What it comes to is seen in the route table.
  virtual void join(std::string machine, std::string join_token, std::string sha256) = 0;
  // Why it could not be made lately, for its agent; "" where that is not so. Any loop's thread.
  virtual std::string lately_refused(std::string_view machine, std::string_view join_token) const = 0;

 protected:
  ~MachineJoiner() = default;
};

// A join token makes the machine: its agent is asked to come again, and is let in then.
class TunnelAccess final : public TunnelAuthority {
 public:
  explicit TunnelAccess(const RouteTable& routes) : routes_(routes) {}
  Verdict check(std::string_view machine, std::string_view token) override;
  std::string join_problem(std::string_view machine, std::string_view token) override;
  bool config_of(std::string_view machine, tunnel::pb::Config& config) override;
  bool still_opens(std::string_view machine, std::string_view token_sha256) override;
  // Before the first tunnel; without it join tokens are good for nothing. It outlives this.
  void set_joiner(MachineJoiner& joiner) { joiner_ = &joiner; }
  // The port of public URLs; before the first tunnel.
  void set_https_port(int port) { https_port_ = port; }

 private:
  bool may_join(std::string_view machine, std::string_view token, const std::string& digest) const;

  const RouteTable& routes_;
  MachineJoiner* joiner_ = nullptr;
  int https_port_ = 443;
};

}  // namespace ingress::broker
