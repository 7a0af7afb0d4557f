// An agent's process: the product's own tunnels, streams and origin pool, wired as agent/app.cc does it (but for its
// own port 8080).
#pragma once

#include <memory>
#include <string>

#include "agent/session/origin_streams.h"
#include "agent/session/tunnel_set.h"
#include "tests/sim/loop_runner.h"

namespace ingress::sim {

struct AgentSetup {
  int machine = 0;
  int connections = 2;
  uint32_t window_bytes = 32 * 1024;
  Duration grace{30000};
  Duration origin_wait{2000};
  std::string supersedes;  // an instance, or empty
};

class AgentNode {
 public:
  AgentNode(Kernel& kernel, LoopRunner& runner, Process& process, const AgentSetup& setup);
  ~AgentNode();

  Process& process() { return process_; }
  size_t serving() const { return tunnels_->serving(); }
  size_t streams() const { return tunnels_->stream_count(); }
  // As its parent has been told.
  const std::string& instance() const { return config_.instance; }
  // SIGUSR2, to a child of --supervise: as soon as another has the machine it drains.
  void upgrade() { upgraded_ = true; }
  // SIGTERM; ended() follows.
  void drain();
  bool ended() const { return ended_; }
  // As the process is dead: lets go of everything. False where something stays.
  bool take_apart();

 private:
  void begin_drain();
  bool empty() const { return ended_ && kernel_.open_fds(process_) <= 2; }

  Kernel& kernel_;
  LoopRunner& runner_;
  Process& process_;
  AgentSetup setup_;
  agent::TunnelConfig config_;
  std::unique_ptr<tls::ClientContext> tls_;
  agent::TargetPolicy policy_;
  std::unique_ptr<uv::Loop> loop_;
  std::unique_ptr<origin::OriginPool> pool_;
  std::unique_ptr<agent::OriginStreams> streams_;
  std::unique_ptr<agent::TunnelSet> tunnels_;
  std::unique_ptr<uv::Timer> grace_timer_;
  bool upgraded_ = false;
  bool ended_ = false;
};

}  // namespace ingress::sim
