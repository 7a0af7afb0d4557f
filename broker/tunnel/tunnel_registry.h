// Which agents hold which machines: every established tunnel, by machine, and who may hold one (design, section 5).
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/tunnel/machine_book.h"
#include "common/base/error.h"
#include "common/tunnel/session.h"
#include "common/uv/loop.h"

namespace ingress::transport {
class Connection;
}

namespace ingress::broker {

class MachineDirectory;

// One tunnel as it is listed.
struct TunnelInfo {
  std::string id;  // "tn_…"
  std::string machine;
  std::string instance;  // hex
  int slot = 0;
  size_t loop = 0;  // the number of the loop that serves it
  std::string peer;
  std::string agent_version;
  int64_t connected_at = 0;  // Unix seconds
  size_t streams = 0;
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  double round_trip_ms = 0;
  bool draining = false;
};

// How tunnels that served have ended so far.
struct TunnelCounts {
  uint64_t opened = 0;
  uint64_t drained = 0;  // after a GOAWAY of either side, or closed by an operator
  uint64_t closed = 0;   // by the agent, without a word: its process is gone
  uint64_t timed_out = 0;
  uint64_t withdrawn = 0;  // its machine's access: deleted, archived, its token revoked
  uint64_t broken = 0;     // reset, or the protocol was

  uint64_t ended() const { return drained + closed + timed_out + withdrawn + broken; }
};

struct RegistryOptions {
  std::string broker_id;
  tunnel::SessionLimits limits;
  Duration reconnect_spread{0};
  Duration hello_timeout{10000};
  Duration holder_timeout{2000};
};

// What the registry asks of the route table.
class TunnelAuthority {
 public:
  // kJoining: the machine is being made, and its agent may come again. kJoinRefused: it could not be made, lately.
  enum class Verdict : uint8_t { kGood, kBadToken, kUnknownMachine, kArchived, kJoining, kJoinRefused };
  virtual Verdict check(std::string_view machine, std::string_view token) = 0;
  // Of kJoinRefused: why, for the agent. "" where that is not known.
  virtual std::string join_problem(std::string_view, std::string_view) { return {}; }
  // What the machine's agent is to be told of the routes; false where there is no such machine.
  virtual bool config_of(std::string_view machine, tunnel::pb::Config& config) = 0;
  // Whether the token of this SHA-256 (hex) still opens the machine.
  virtual bool still_opens(std::string_view, std::string_view) { return false; }

 protected:
  ~TunnelAuthority() = default;
};

// Who is told, at the end of the iteration, that a machine has its first tunnel that takes streams (if it still has one
// then), or, at once, that its last one is gone.
class MachineWatcher {
 public:
  virtual void on_machine_up(const std::string& machine) = 0;
  virtual void on_machine_down(std::string_view machine) = 0;
  // A tunnel serves; and one that has is gone, where `connected` says whether another one serves.
  virtual void on_tunnel_up(const TunnelInfo& tunnel) = 0;
  virtual void on_tunnel_down(const TunnelInfo& tunnel, std::string_view reason, bool connected) = 0;
  // What the agent that serves tells of its ports, and what a tunnel's streams tell of the machine's use, within a
  // second or so.
  virtual void on_ports(std::string_view machine, MachinePorts ports) = 0;
  virtual void on_activity(std::string_view machine, const ActivityNews& news) = 0;
  // And what the agent that serves tells of streams in tunnels of an earlier process.
  virtual void on_left(std::string_view machine, const LeftStreams& left) = 0;

 protected:
  ~MachineWatcher() = default;
};

class TunnelRegistry {
 public:
  // With several loops: `directory` says which machines are this one's (`self`); it is null with one.
  TunnelRegistry(uv::Loop& loop, RegistryOptions options, TunnelAuthority& authority,
                 MachineDirectory* directory = nullptr, size_t self = 0);
  ~TunnelRegistry();

  // What tunnels that come are told.
  void set_reconnect_spread(Duration spread);
  // It outlives the registry.
  void set_watcher(MachineWatcher& watcher);

  // Takes over a connection whose TLS handshake agreed on the tunnel's ALPN.
  void adopt(std::unique_ptr<transport::Connection> connection);
  // The same, with what was read of it. `entered`: the machine, which is this loop's, as which it has entered the
  // directory; "" where it has not.
  void adopt(std::unique_ptr<transport::Connection> connection, MutableBytes begun, std::string entered);

  // Opens a stream on the least loaded of the machine's tunnels that take streams. nullptr with `why` where there is
  // none (kMachineUnavailable: the watcher hears when there is one) or all of them are full (kOverloaded).
  tunnel::Stream* open(std::string_view machine, const tunnel::OpenHead& head, bool end, tunnel::StreamHandler* handler,
                       Error& why);
  bool connected(std::string_view machine) const;

  bool draining() const;
  // Tunnels that were welcomed and have not ended: neither those that only come, nor those that are refused.
  size_t tunnel_count() const;
  const TunnelCounts& counts() const;
  // Machines that a tunnel takes streams for.
  size_t machine_count() const;

  std::vector<TunnelInfo> list() const;
  // Closes one tunnel by id (GOAWAY first); false where there is none.
  bool close(std::string_view id);
  // Closes the tunnels of a machine that they may not open any more (token revoked, machine archived or deleted).
  void drop_machine(std::string_view machine);
  // The same, of all of them.
  void drop_all_of(std::string_view machine);
  // What the authority says of a machine may have changed, or of all: agents that know something else are told.
  void tell_config(std::string_view machine);
  void tell_all_configs();
  // Asks every agent to open its next tunnel elsewhere (a successor of this process accepts them), and to leave this
  // one then: until it does, streams are still opened here. No further tunnel is taken.
  void migrate();
  // GOAWAY to all; `on_done` when every session has drained and closed, or `grace` has passed.
  void drain(Duration grace, std::function<void()> on_done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::broker
