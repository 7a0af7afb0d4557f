// Where a new tunnel waits, on the loop that accepted it, until its HELLO says which loop it is for: it goes to that
// one's registry before anything was answered. Only with several loops. What cannot be placed (no HELLO, a bad token)
// stays, and this loop's registry says what is wrong.
// Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "broker/tunnel/machine_directory.h"
#include "broker/tunnel/tunnel_registry.h"
#include "common/base/byte_buffer.h"
#include "common/transport/connection.h"

namespace ingress::broker {

// A tunnel on its way to its machine's loop. It has entered the directory.
struct HandedTunnel {
  std::string machine;
  transport::Detached connection;
  ByteBuffer begun;  // what was read of it
};

class TunnelLobby {
 public:
  using OnHand = std::function<void(size_t loop, HandedTunnel tunnel)>;

  // All outlive the lobby. `self` is this loop's number in the directory.
  TunnelLobby(uv::Loop& loop, size_t self, MachineDirectory& directory, TunnelAuthority& authority,
              TunnelRegistry& registry, OnHand on_hand);
  ~TunnelLobby();

  // A connection whose TLS handshake agreed on the tunnel's ALPN.
  void adopt(std::unique_ptr<transport::Connection> connection);
  void close_all();

 private:
  static constexpr Duration kHelloTimeout{10000};

  class Guest;
  void place(Guest& guest);
  void hand(Guest& guest, size_t loop);
  void forget(Guest* guest);

  uv::Loop& loop_;
  size_t self_;
  MachineDirectory& directory_;
  TunnelAuthority& authority_;
  TunnelRegistry& registry_;
  OnHand on_hand_;
  std::unordered_map<Guest*, std::unique_ptr<Guest>> guests_;
};

}  // namespace ingress::broker
