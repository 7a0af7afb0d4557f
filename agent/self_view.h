// Gathers what the agent says of itself from the parts that know it. Thread: the loop's.
#pragma once

#include <optional>
#include <string>

#include "agent/ports/port_watch.h"
#include "agent/session/tunnel_set.h"
#include "agent/status/self_report.h"
#include "agent/target/machine_config.h"

namespace ingress::agent {

class SelfView {
 public:
  // All outlive it. `machine` is empty before the broker has told.
  struct Parts {
    const TunnelConfig& config;
    const TunnelSet& tunnels;
    PortWatch& ports;
    const std::optional<MachineConfig>& machine;
  };
  explicit SelfView(const Parts& parts) : parts_(parts) {}

  // How many tunnels serve has changed.
  void on_tunnels();
  void on_trouble(const char* code, std::string sentence);
  void on_exchange_failed(int port, const Error& error);
  // As it is now: ports are looked at anew.
  std::string show(bool json);

 private:
  SelfReport report();

  Parts parts_;
  ErrorRing errors_;
  int64_t since_ = 0;  // Unix seconds: since when some tunnel is up
};

}  // namespace ingress::agent
