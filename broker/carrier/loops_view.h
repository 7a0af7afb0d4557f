// All loops of the broker, as the admin API sees them. Thread: the first loop's; answers come at once or later.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "broker/observe/connection_counts.h"
#include "broker/observe/exchange_tap.h"
#include "broker/observe/machine_traffic.h"
#include "broker/observe/traffic_counts.h"
#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

// What one loop has now, and has done so far.
struct LoopCounts {
  size_t clients = 0;   // connections of clients
  size_t machines = 0;  // with a tunnel that takes streams
  size_t tunnels = 0;
  size_t parked = 0;              // requests that wait for their machine
  uint64_t streams = 0;           // opened so far for clients of this loop
  uint64_t crossing_streams = 0;  // of them, those that went to another loop's machine
  size_t exchanges = 0;           // under way, parked ones too
  ConnectionCounts connections;
  TunnelCounts ended_tunnels;
  TrafficCounts traffic;
};

// What the broker has counted that belongs to no loop.
struct BrokerCounts {
  uint64_t wakes = 0;
  uint64_t failed_wakes = 0;
  uint64_t lost_access_lines = 0;  // of the access log
};

class LoopsView {
 public:
  virtual bool connected(std::string_view machine) const = 0;
  virtual void list_tunnels(std::function<void(std::vector<TunnelInfo>)> on_done) = 0;
  // Closes one tunnel by id (GOAWAY first); false where there is none.
  virtual void close_tunnel(std::string_view id, std::function<void(bool closed)> on_done) = 0;
  // Closes all tunnels of a machine (token revoked, machine deleted).
  virtual void drop_machine(std::string_view machine) = 0;
  virtual void count(std::function<void(std::vector<LoopCounts>)> on_done) = 0;
  virtual BrokerCounts broker_counts() const = 0;
  // A row for each machine that requests lately came for, in no order.
  virtual void list_traffic(std::function<void(std::vector<MachineRow>)> on_done) = 0;
  // Has the tap listen to all loops; until remove_tap, and a little longer.
  virtual void add_tap(std::shared_ptr<ExchangeTap> tap) = 0;
  virtual void remove_tap(std::shared_ptr<ExchangeTap> tap) = 0;

 protected:
  ~LoopsView() = default;
};

}  // namespace ingress::broker
