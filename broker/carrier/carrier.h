// Opens streams to machines, wherever their tunnels are. Thread: the loop's.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/carrier/carried_stream.h"
#include "broker/carrier/other_generations.h"
#include "broker/tunnel/machine_directory.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

class Crossing;

class Carrier {
 public:
  // All outlive the carrier. With one loop there is no `directory` and no `crossing`.
  explicit Carrier(TunnelRegistry& tunnels, const MachineDirectory* directory = nullptr, Crossing* crossing = nullptr)
      : tunnels_(tunnels), directory_(directory), crossing_(crossing) {}

  // Asked for machines that have no tunnel in this process. It outlives the carrier.
  void set_others(OtherGenerations& others) { others_ = &others; }

  // A stream on a tunnel of the machine. Empty, with `why` (as TunnelRegistry::open), where none takes it; where that
  // is found out elsewhere, the handler's on_closed says so, later.
  CarriedStream open(std::string_view machine, const tunnel::OpenHead& head, bool end, tunnel::StreamHandler* handler,
                     Error& why);
  // The same, on tunnels of this process alone.
  CarriedStream open_here(std::string_view machine, const tunnel::OpenHead& head, bool end,
                          tunnel::StreamHandler* handler, Error& why);
  // Streams that were opened here so far.
  uint64_t opened() const { return opened_; }

 private:
  CarriedStream open_far(std::string_view machine, const tunnel::OpenHead& head, bool end,
                         tunnel::StreamHandler* handler);
  CarriedStream open_elsewhere(std::string_view machine, const tunnel::OpenHead& head, bool end,
                               tunnel::StreamHandler* handler, Error& why);

  TunnelRegistry& tunnels_;
  const MachineDirectory* directory_;
  Crossing* crossing_;
  OtherGenerations* others_ = nullptr;
  uint64_t opened_ = 0;
};

}  // namespace ingress::broker
