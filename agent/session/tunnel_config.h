// What the tunnels of one agent have in common.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/session/broker_url.h"
#include "agent/session/proxy.h"
#include "common/cli/secret.h"
#include "common/tls/tls_context.h"
#include "common/tunnel/session.h"

namespace ingress::agent {

inline constexpr std::string_view kTunnelAlpn = "iterate-tunnel/1";

struct TunnelConfig {
  BrokerUrl broker;
  std::optional<Proxy> proxy;
  std::string machine;
  cli::Secret token;  // read anew for each HELLO
  std::string agent_version;
  std::string instance;                 // 16 random bytes, one value a process (but for TunnelSet::on_tunnel_taken)
  std::vector<std::string> supersedes;  // the instances that it takes over from, the latest last
  std::map<std::string, std::string> labels;
  int connections = 2;
  tunnel::SessionLimits limits;
  const tls::ClientContext* tls = nullptr;  // offers kTunnelAlpn
};

}  // namespace ingress::agent
