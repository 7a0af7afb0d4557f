// Where a client's new connection waits, on the loop that accepted it, until its first bytes say which machine it is
// for (the SNI of its ClientHello, or the Host of a request in clear): it goes to that machine's loop, with the bytes.
// Only with several loops. What says nothing in time, or nothing that leads to a machine with a tunnel, stays and is
// served here as it came. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "broker/routing/route_table.h"
#include "broker/tunnel/machine_directory.h"
#include "common/base/byte_buffer.h"
#include "common/uv/socket.h"

namespace ingress::broker {

// A client on its way to another loop.
struct HandedClient {
  uv::OwnedFd fd;
  ByteBuffer begun;  // what was read of it
  bool tls = false;
  std::optional<uv::Address> peer;  // that a proxy in front told
};

class ClientIntake {
 public:
  // How long a connection's first bytes are waited for.
  static constexpr Duration kPatience{500};

  using OnStay = std::function<void(std::unique_ptr<uv::Socket> socket, bool tls)>;
  using OnHand = std::function<void(size_t loop, HandedClient client)>;

  // All outlive the intake. `self` is this loop's number in the directory.
  ClientIntake(uv::Loop& loop, size_t self, const RouteTable& routes, const MachineDirectory& directory, OnStay on_stay,
               OnHand on_hand);
  ~ClientIntake();

  void take(std::unique_ptr<uv::Socket> socket, bool tls);
  bool empty() const { return guests_.empty(); }
  // Drops those that wait.
  void close_all();

 private:
  class Guest;
  // The loop of the machine that the host leads to; this one where there is none.
  size_t loop_of(std::string_view host) const;
  void place(Guest& guest, std::string_view host);
  void forget(Guest& guest);

  uv::Loop& loop_;
  size_t self_;
  const RouteTable& routes_;
  const MachineDirectory& directory_;
  OnStay on_stay_;
  OnHand on_hand_;
  std::unordered_map<Guest*, std::unique_ptr<Guest>> guests_;
};

}  // namespace ingress::broker
