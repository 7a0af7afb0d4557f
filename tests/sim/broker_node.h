// A broker's process: the product's own LoopSet, with what broker/app.cc and leaving.cc do around it (but for the store
// and the admin API: the routes are given).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/config.h"
#include "broker/loop_set.h"
#include "tests/sim/loop_runner.h"

namespace ingress::sim {

struct BrokerSetup {
  size_t loops = 1;
  Duration park{10000};
  Duration grace{30000};
  Duration reconnect_spread{0};
  std::string recent_path;  // what a broker that starts again finds
  int machines = 1;
};

inline constexpr uint32_t kBrokerIp = 0x0a000001;  // 10.0.0.1
inline constexpr uint16_t kHttpPort = 80;
inline constexpr uint16_t kTunnelPort = 443;

std::string machine_id(int machine);
std::string machine_token(int machine);

class BrokerNode {
 public:
  BrokerNode(Kernel& kernel, LoopRunner& runner, Process& process, const BrokerSetup& setup);
  // Ended (ended()), or killed and taken apart.
  ~BrokerNode();

  Process& process() { return process_; }
  bool listens() const { return listens_; }
  bool connected(const std::string& machine) const { return loops_->connected(machine); }
  // Counted over all loops.
  size_t clients() const;
  size_t tunnels() const;
  size_t parked() const;

  // SIGTERM; and SIGUSR2's part of the child that is replaced. ended() follows.
  void drain();
  void hand_over();
  bool ended() const { return ended_; }
  // As the process is dead: lets go of everything. False where something stays.
  bool take_apart();

 private:
  void drain_clients();
  bool empty() const;

  Kernel& kernel_;
  LoopRunner& runner_;
  Process& process_;
  broker::Config config_;
  std::unique_ptr<broker::LoopSet> loops_;
  std::unique_ptr<uv::Timer> grace_timer_;
  bool listens_ = false;
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace ingress::sim
