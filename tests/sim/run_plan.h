// Everything that a seed decides beforehand: how large the world is, what clients ask, and what goes wrong when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "tests/sim/ledger.h"
#include "tests/sim/link.h"

namespace ingress::sim {

enum class Fault : uint8_t {
  kAgentKilled,     // kill -9, and started again after `lasts`
  kAgentVanishes,   // the machine's power goes; it boots after `lasts`
  kAgentRestarts,   // SIGTERM, and started again when it has ended
  kAgentUpgraded,   // a second one starts and takes over, the first one runs dry
  kAgentFrozen,     // SIGSTOP for `lasts`
  kAgentCloned,     // a second agent of the machine for `lasts`
  kLinkStalls,      // nothing gets through between machine and broker for `lasts`
  kLinkCut,         // all connections between them are reset
  kTunnelCut,       // one of them is
  kBrokerKilled,    // kill -9, and started again after `lasts`
  kBrokerRestarts,  // SIGTERM, and started again when it has ended
  kBrokerUpgraded,  // a second one starts, the first one hands over
  kOriginRestarts,  // the origin dies, and is back after `lasts`
  kOriginIdles,     // the origin closes the connections that it is not asked on
  kClientsCut,      // the clients' connections are reset
};
inline constexpr int kFaults = 15;

std::string_view name_of(Fault fault);

struct PlannedFault {
  Fault fault = Fault::kAgentKilled;
  Micros at{0};  // since the run began
  Micros lasts{0};
  int machine = -1;  // -1: every machine's requests feel it
  // How long after its end requests may still feel it.
  Micros margin{0};
};

struct ClientPlan {
  Micros at{0};
  std::vector<ExchangePlan> exchanges;
};

struct RunPlan {
  uint64_t seed = 0;
  int machines = 1;
  size_t loops = 1;
  int connections = 2;
  uint32_t window_bytes = 32768;
  Duration park{10000};
  LinkQuality machine_link;
  LinkQuality client_link;
  std::vector<ClientPlan> clients;
  std::vector<PlannedFault> faults;
  Micros faults_over{0};  // and their margins: whoever asks after that has to be answered

  static RunPlan of_seed(uint64_t seed);
};

}  // namespace ingress::sim
