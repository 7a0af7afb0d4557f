#include "broker/tunnel_access.h"

#include "common/tls/digest.h"

namespace ingress::broker {

TunnelAuthority::Verdict TunnelAccess::check(std::string_view machine, std::string_view token) {
  const std::string digest = tls::sha256_hex(token);
  const RouteIndex& index = routes_.read();
  const Machine* known = index.machine(machine);
  if (known == nullptr || known->id != machine) return Verdict::kUnknownMachine;
  if (index.token_machine(machine, digest).empty()) return Verdict::kBadToken;
  return known->state == MachineState::kArchived ? Verdict::kArchived : Verdict::kGood;
}

}  // namespace ingress::broker
