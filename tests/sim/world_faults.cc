// What goes wrong, done to the world.
#include <utility>

#include "tests/sim/world.h"

namespace ingress::sim {

void World::kill_agent(std::unique_ptr<AgentNode>& agent, bool vanish) {
  if (agent == nullptr) return;
  note(agent->process().name + " ends");
  kernel_.kill(agent->process(), vanish);
  if (!agent->take_apart()) wrong("an agent that ended keeps something open");
  agent.reset();
}

// With what they were upgraded from.
void World::kill_all_agents(Machine& machine, bool vanish) {
  for (auto& agent : machine.upgraded) kill_agent(agent, vanish);
  machine.upgraded.clear();
  kill_agent(machine.agent, vanish);
}

void World::upgrade_agent(int machine) {
  Machine& own = machines_[static_cast<size_t>(machine)];
  if (own.agent == nullptr || own.agent_returns) return;
  own.agent->upgrade();
  own.upgraded.push_back(std::move(own.agent));
  start_agent(machine);
}

void World::kill_broker(std::unique_ptr<BrokerNode>& broker) {
  if (broker == nullptr) return;
  kernel_.kill(broker->process(), false);
  if (!broker->take_apart()) wrong("a broker that ended keeps something open");
  broker.reset();
}

void World::begin(const PlannedFault& fault) {
  switch (fault.fault) {
    case Fault::kBrokerKilled:
    case Fault::kBrokerRestarts:
    case Fault::kBrokerUpgraded:
      return begin_at_broker(fault);
    case Fault::kClientsCut:
      return client_host_->uplink().cut();
    default:
      return begin_at_agent(fault);
  }
}

void World::begin_at_agent(const PlannedFault& fault) {
  Machine& machine = machines_[static_cast<size_t>(fault.machine)];
  switch (fault.fault) {
    case Fault::kAgentKilled:
      machine.agent_returns = false;
      return kill_agent(machine.agent, false);
    case Fault::kAgentVanishes:
      machine.agent_returns = false;
      machine.host->set_up(false);
      machine.origin->stop();
      return kill_all_agents(machine, true);
    case Fault::kAgentRestarts:
      if (machine.agent == nullptr) return;
      machine.agent_returns = true;
      for (const auto& agent : machine.upgraded) agent->drain();
      return machine.agent->drain();
    case Fault::kAgentUpgraded:
      return upgrade_agent(fault.machine);
    case Fault::kAgentFrozen:
      if (machine.agent != nullptr) machine.agent->process().frozen = true;
      return;
    case Fault::kAgentCloned: {
      if (machine.clone != nullptr) return;
      AgentSetup setup;
      setup.machine = fault.machine;
      machine.clone = std::make_unique<AgentNode>(kernel_, runner_, kernel_.add_process("clone", *machine.host), setup);
      return;
    }
    case Fault::kLinkStalls:
      return machine.host->uplink().stall();
    case Fault::kLinkCut:
      return machine.host->uplink().cut();
    case Fault::kTunnelCut:
      return machine.host->uplink().cut_one();
    case Fault::kOriginRestarts:
      return machine.origin->stop();
    case Fault::kOriginIdles:
      return machine.origin->close_idle();
    default:
      return;
  }
}

void World::begin_at_broker(const PlannedFault& fault) {
  if (brokers_.empty()) return;
  switch (fault.fault) {
    case Fault::kBrokerKilled:
      for (auto& broker : brokers_) kill_broker(broker);
      brokers_.clear();
      return;
    case Fault::kBrokerRestarts:
      broker_returns_ = true;
      for (auto& broker : brokers_) broker->drain();
      return;
    default: {
      if (broker_returns_) return;
      BrokerNode& old = *brokers_.back();
      start_broker();
      return old.hand_over();
    }
  }
}

void World::heal(const PlannedFault& fault) {
  if (fault.fault == Fault::kBrokerKilled && brokers_.empty()) {
    broker_returns_ = false;
    return start_broker();
  }
  if (fault.machine >= 0) heal_at_agent(fault);
}

void World::heal_at_agent(const PlannedFault& fault) {
  Machine& machine = machines_[static_cast<size_t>(fault.machine)];
  switch (fault.fault) {
    case Fault::kAgentVanishes:
      machine.host->set_up(true);
      kernel_.answer_for_vanished(*machine.host);
      machine.origin->start();
      [[fallthrough]];
    case Fault::kAgentKilled:
      if (machine.agent == nullptr && machine.host->up()) start_agent(fault.machine);
      return;
    case Fault::kAgentFrozen:
      for (const auto& agent : machine.upgraded) agent->process().frozen = false;
      if (machine.agent != nullptr) machine.agent->process().frozen = false;
      return;
    case Fault::kAgentCloned:
      return kill_agent(machine.clone, false);
    case Fault::kLinkStalls:
      return machine.host->uplink().heal();
    case Fault::kOriginRestarts:
      if (machine.host->up()) machine.origin->start();
      return;
    default:
      return;
  }
}

}  // namespace ingress::sim
