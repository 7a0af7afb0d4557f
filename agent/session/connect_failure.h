// How far an attempt to reach the broker came, how it failed, and the sentence that says whose fault it is. Plain
// values; no I/O.
#pragma once

#include <cstdint>
#include <string>

#include "agent/session/tunnel_config.h"
#include "common/base/error.h"

namespace ingress::agent {

// How far an attempt is: the later, the further. kAnswer: TLS is up, and the server has yet to show that it takes
// tunnels.
enum class ConnectStage : uint8_t { kResolving, kConnecting, kProxy, kHandshake, kAnswer };

struct ConnectFailure {
  ConnectStage stage = ConnectStage::kAnswer;
  Error error;
  std::string address;   // the one that it happened at, "" where none was tried
  int proxy_status = 0;  // what the proxy answered to CONNECT; 0: nothing, or there is none
};

// "by the proxy proxy.corp:3128: it answered 403: …" where that is what failed, and which name has no address.
std::string sentence_of(const ConnectFailure& failure, const TunnelConfig& config);

}  // namespace ingress::agent
