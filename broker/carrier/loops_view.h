// All loops of the broker, as the admin API sees them. Thread: the first loop's; answers come at once or later.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

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

 protected:
  ~LoopsView() = default;
};

}  // namespace ingress::broker
