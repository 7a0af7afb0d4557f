// What is known of the machines that are connected, for whoever asks: which ports listen there, as their agents tell.
// Thread: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/text_hash.h"

namespace ingress::broker {

struct MachinePort {
  int number = 0;
  std::string process;  // who listens, as it calls itself: printable ASCII; empty where that is not known

  bool operator==(const MachinePort&) const = default;
};

// The list of one agent process.
struct MachinePorts {
  static constexpr size_t kMost = 512;

  std::string instance;
  uint64_t revision = 0;           // a list that is not newer than another one of its instance is stale
  std::vector<MachinePort> ports;  // by number
  bool more = false;               // there are others
};

class MachineBook {
 public:
  // An agent's list has come. A stale one is dropped.
  void ports_came(std::string_view machine, MachinePorts ports);
  // A tunnel of that instance serves the machine: what another one has told holds no more.
  void instance_came(std::string_view machine, std::string_view instance);
  // Its last tunnel is gone.
  void went(std::string_view machine);

  // nullopt where no agent is connected that has told.
  std::optional<MachinePorts> ports(std::string_view machine) const;

 private:
  mutable std::mutex mutex_;
  TextMap<MachinePorts> ports_;
};

}  // namespace ingress::broker
