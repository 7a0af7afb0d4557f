// The agent's own port (8080): what a machine provider's own ingress reaches (design, section 6). The target is named
// by X-Iterate-Proxy-Target-Host; GET /health and /ready answer for the agent itself.
//
// Ownership: the owner keeps it until drain()'s callback (or calls close_all() and runs the loop until then); it must
// outlive no part that it was given. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/target/machine_config.h"
#include "agent/target/target_policy.h"
#include "common/base/error.h"
#include "common/origin/origin_pool.h"
#include "common/server/http1_connection.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::agent {

struct LocalOptions {
  uv::Address address;
  std::string secret;  // X-Iterate-Project-Ingress-Secret; empty: none is asked for
  bool open = false;   // without a secret: peers that are not loopback are served too
  // Open in the process: beyond, whoever has waited longest without a request gives way to who comes, so that strangers
  // shut nobody out. 0: three quarters of what the process may have; the rest is for the tunnels' streams.
  int descriptors = 0;
  server::ConnectionOptions connection;
  origin::Timeouts timeouts;
};

struct LocalParts {
  origin::OriginPool& pool;
  TargetPolicy& policy;         // gets the port that was bound as one of the agent's own
  std::function<bool()> ready;  // is a tunnel up?
  // What the broker has told of this machine; null before it has. Good until the callback in hand returns.
  std::function<const MachineConfig*()> config = [] { return nullptr; };
  // What the agent says of itself to who works in the machine (/_ingress/), as JSON or as text.
  std::function<std::string(bool json)> self = [](bool) { return std::string(); };
  // Told of each exchange with a port that failed.
  std::function<void(int port, const Error& error)> on_failed = [](int, const Error&) {};
};

class LocalServer {
 public:
  // Listens. Errors are those of uv::Listener::listen (sys_errno says why).
  static Result<std::unique_ptr<LocalServer>> start(uv::Loop& loop, const LocalOptions& options, LocalParts parts);
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  // Listens no more; idle connections close, others after their exchange. `done` (may be called at once) when none is
  // left.
  void drain(std::function<void()> done);
  // Cuts what is left; drain()'s callback follows.
  void close_all();
  // The address that was bound.
  uv::Address address() const;

 private:
  struct Impl;
  explicit LocalServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::agent
