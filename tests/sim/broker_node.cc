#include "tests/sim/broker_node.h"

#include <utility>

#include "common/tls/digest.h"

namespace ingress::sim {
namespace {

constexpr Duration kTunnelGrace{2000};  // as broker/leaving.cc
constexpr Micros kApartTime = std::chrono::minutes(3);

broker::Config config_of(const BrokerSetup& setup) {
  broker::Config config;
  config.domains = {"iterate.app"};
  config.http = {{"10.0.0.1", kHttpPort, {}}};
  config.https = {{"10.0.0.1", kTunnelPort, {}}};
  config.serve_clear = true;
  config.live.default_auth = "public";
  config.db = setup.recent_path;
  config.live.grace_period = setup.grace;
  const broker::Settings defaults;
  config.live.head_timeout = defaults.head_timeout;
  config.live.keep_alive_timeout = defaults.keep_alive_timeout;
  config.live.exchange_timeout = defaults.exchange_timeout;
  config.live.park_requests = static_cast<size_t>(defaults.park_requests);
  config.live.park_head_bytes = static_cast<size_t>(defaults.park_head_bytes);
  config.live.reconnect_spread = setup.reconnect_spread;
  config.live.park = setup.park;
  config.loops = setup.loops;
  return config;
}

broker::Transaction routes_of(const BrokerSetup& setup) {
  broker::Transaction transaction;
  for (int machine = 0; machine < setup.machines; ++machine) {
    broker::Machine row;
    row.id = machine_id(machine);
    transaction.changes.emplace_back(broker::PutMachine{row, true});
    broker::Token token;
    token.id = "tk_" + std::to_string(machine);
    token.machine = row.id;
    token.sha256 = tls::sha256_hex(machine_token(machine));
    transaction.changes.emplace_back(broker::PutToken{token});
  }
  return transaction;
}

}  // namespace

std::string machine_id(int machine) { return "mach_" + std::to_string(machine); }
std::string machine_token(int machine) { return "token of machine " + std::to_string(machine); }

BrokerNode::BrokerNode(Kernel& kernel, LoopRunner& runner, Process& process, const BrokerSetup& setup)
    : kernel_(kernel), runner_(runner), process_(process), config_(config_of(setup)) {
  kernel_.enter(&process_);
  loops_ = std::make_unique<broker::LoopSet>(config_);
  loops_->routes().fill(routes_of(setup));
  std::string problem;
  const bool opened = loops_->open_files();
  loops_->prepare();
  listens_ = opened && loops_->listen(problem).has_value();
  for (const auto& worker : loops_->workers()) runner_.add(process_, worker->loop());
  kernel_.enter(nullptr);
}

BrokerNode::~BrokerNode() {
  kernel_.enter(&process_);
  for (const auto& worker : loops_->workers()) runner_.remove(worker->loop());
  grace_timer_.reset();
  loops_.reset();
  kernel_.enter(nullptr);
}

size_t BrokerNode::clients() const {
  size_t count = 0;
  for (const auto& worker : loops_->workers()) count += worker->counts().clients;
  return count;
}

size_t BrokerNode::tunnels() const {
  size_t count = 0;
  for (const auto& worker : loops_->workers()) count += worker->counts().tunnels;
  return count;
}

size_t BrokerNode::parked() const {
  size_t count = 0;
  for (const auto& worker : loops_->workers()) count += worker->counts().parked;
  return count;
}

void BrokerNode::drain() {
  if (std::exchange(draining_, true)) return;
  kernel_.enter(&process_);
  drain_clients();
  kernel_.enter(nullptr);
}

void BrokerNode::hand_over() {
  if (std::exchange(draining_, true)) return;
  kernel_.enter(&process_);
  loops_->stop_saving();
  loops_->migrate_tunnels();
  drain_clients();
  kernel_.enter(nullptr);
}

void BrokerNode::drain_clients() {
  uv::Loop& loop = loops_->loop();
  grace_timer_ = std::make_unique<uv::Timer>(loop, [this] { loops_->cut_clients(); });
  grace_timer_->start(config_.live.grace_period);
  loops_->drain_clients([this, &loop] {
    loop.defer([this, &loop] {
      loops_->drain_tunnels(kTunnelGrace, kTunnelGrace, [this, &loop] {
        loop.defer([this] {
          grace_timer_.reset();
          ended_ = true;
        });
      });
    });
  });
}

// What is left are the loops' own descriptors: an epoll set and libuv's, and the listeners.
bool BrokerNode::empty() const {
  const size_t own = loops_->workers().size() * (draining_ ? 2 : 4);
  return clients() == 0 && tunnels() == 0 && parked() == 0 && kernel_.open_fds(process_) <= own;
}

bool BrokerNode::take_apart() {
  config_.db += ".dead";  // what it writes now, no other one reads
  return runner_.take_apart(process_, kApartTime, [this] { return empty(); });
}

}  // namespace ingress::sim
