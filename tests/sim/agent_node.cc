#include "tests/sim/agent_node.h"

#include <utility>

#include "common/tls/digest.h"
#include "tests/sim/broker_node.h"

namespace ingress::sim {
namespace {

constexpr Micros kApartTime = std::chrono::minutes(3);

}  // namespace

AgentNode::AgentNode(Kernel& kernel, LoopRunner& runner, Process& process, const AgentSetup& setup)
    : kernel_(kernel),
      runner_(runner),
      process_(process),
      setup_(setup),
      tls_(std::move(*tls::ClientContext::create({}, {std::string(agent::kTunnelAlpn)}))),
      policy_(agent::TargetOptions{}) {
  config_.broker = {"10.0.0.1", kTunnelPort};
  config_.machine = machine_id(setup.machine);
  config_.token.value = machine_token(setup.machine);
  config_.agent_version = "0.0.0";
  config_.instance = tls::random_bytes(16);
  if (!setup.supersedes.empty()) config_.supersedes = {setup.supersedes};
  config_.connections = setup.connections;
  config_.limits.initial_window_bytes = setup.window_bytes;
  config_.tls = tls_.get();
  origin::Timeouts timeouts;
  timeouts.refused_wait = setup.origin_wait;
  kernel_.enter(&process_);
  loop_ = std::make_unique<uv::Loop>();
  pool_ = std::make_unique<origin::OriginPool>(*loop_, origin::PoolLimits{});
  streams_ = std::make_unique<agent::OriginStreams>(*loop_, *pool_, policy_, timeouts);
  const auto seed = static_cast<uint32_t>(kernel_.network().random().next());
  tunnels_ = std::make_unique<agent::TunnelSet>(
      *loop_, config_, *streams_, seed, [] {},
      [this] {
        if (upgraded_) begin_drain();
      });
  tunnels_->set_on_instance([this](const std::string& instance) { config_.instance = instance; });
  runner_.add(process_, *loop_);
  tunnels_->start();
  kernel_.enter(nullptr);
}

AgentNode::~AgentNode() {
  kernel_.enter(&process_);
  runner_.remove(*loop_);
  grace_timer_.reset();
  tunnels_.reset();
  streams_.reset();
  pool_.reset();
  loop_.reset();
  kernel_.enter(nullptr);
}

void AgentNode::drain() {
  kernel_.enter(&process_);
  begin_drain();
  kernel_.enter(nullptr);
}

void AgentNode::begin_drain() {
  if (grace_timer_ != nullptr) return;
  grace_timer_ = std::make_unique<uv::Timer>(*loop_, [this] { tunnels_->close(); });
  grace_timer_->start(setup_.grace);
  tunnels_->drain([this] {
    grace_timer_->stop();
    pool_->close_idle();
    ended_ = true;
  });
}

bool AgentNode::take_apart() {
  drain();
  kernel_.enter(&process_);
  tunnels_->close();
  pool_->close_idle();
  kernel_.enter(nullptr);
  return runner_.take_apart(process_, kApartTime, [this] { return empty(); });
}

}  // namespace ingress::sim
