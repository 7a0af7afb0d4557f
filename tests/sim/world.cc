#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tests/sim/invariants.h"

namespace ingress::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint32_t kClientIp = 0x0a000201;
constexpr uint32_t kFirstMachineIp = 0x0a000101;
constexpr uint16_t kOriginPort = 3000;
constexpr Micros kLongestRun = seconds(400);
constexpr Micros kLongestClose = seconds(120);
constexpr Micros kSettledUp = milliseconds(500);
// Turns of loops at one moment, beyond which something turns for ever.
constexpr uint64_t kMostTurnsAtOnce = 100000;

}  // namespace

World::World(const RunPlan& plan, Trace& trace, const std::string& folder)
    : plan_(plan),
      trace_(trace),
      random_(plan.seed),
      network_(events_, random_),
      kernel_(network_),
      runner_(kernel_),
      machines_(static_cast<size_t>(plan.machines)),
      up_since_(static_cast<size_t>(plan.machines)) {
  Kernel::current = &kernel_;
  broker_setup_.loops = plan.loops;
  broker_setup_.park = plan.park;
  broker_setup_.machines = plan.machines;
  broker_setup_.recent_path = folder + "/routes";
  std::remove((folder + "/routes.recent").c_str());
  runner_.set_after_turn([this](Process&) { note_up(); });
  make_hosts();
  start_broker();
  for (int machine = 0; machine < plan.machines; ++machine) start_agent(machine);
  make_clients();
  plan_faults();
}

World::~World() { Kernel::current = nullptr; }

void World::end(std::vector<std::string>& wrong) {
  const size_t known = wrong_.size();
  clients_.clear();
  for (Machine& machine : machines_) {
    kill_agent(machine.clone, false);
    kill_all_agents(machine, false);
  }
  for (auto& broker : brokers_) kill_broker(broker);
  machines_.clear();
  wrong.insert(wrong.end(), wrong_.begin() + static_cast<ptrdiff_t>(known), wrong_.end());
}

void World::make_hosts() {
  broker_host_ = &network_.add_host("broker", kBrokerIp, LinkQuality{});
  broker_host_->hold(kHttpPort);
  broker_host_->hold(kTunnelPort);
  client_host_ = &network_.add_host("clients", kClientIp, plan_.client_link);
  for (size_t i = 0; i < machines_.size(); ++i) {
    Machine& machine = machines_[i];
    machine.host = &network_.add_host(machine_id(static_cast<int>(i)), kFirstMachineIp + static_cast<uint32_t>(i),
                                      plan_.machine_link);
    machine.origin = std::make_unique<SimOrigin>(network_, *machine.host, kOriginPort, ledger_);
    machine.origin->start();
  }
}

void World::make_clients() {
  for (const ClientPlan& plan : plan_.clients) {
    std::vector<ExchangeRecord*> exchanges;
    for (const ExchangePlan& each : plan.exchanges) exchanges.push_back(&ledger_.add(each));
    clients_.push_back(std::make_unique<SimClient>(network_, *client_host_, std::move(exchanges),
                                                   [this](ExchangeRecord& record) { on_over(record); }));
    events_.after(plan.at, [client = clients_.back().get()] { client->start(); });
  }
}

void World::plan_faults() {
  for (const PlannedFault& fault : plan_.faults) {
    events_.after(fault.at, [this, &fault] {
      note("fault: " + std::string(name_of(fault.fault)) + " machine " + std::to_string(fault.machine) + " for " +
           std::to_string(fault.lasts.count() / 1000) + " ms");
      begin(fault);
    });
    events_.after(fault.at + fault.lasts, [this, &fault] {
      note("over: " + std::string(name_of(fault.fault)));
      heal(fault);
    });
  }
}

void World::start_broker() {
  note("broker starts");
  brokers_.push_back(
      std::make_unique<BrokerNode>(kernel_, runner_, kernel_.add_process("broker", *broker_host_), broker_setup_));
  if (!brokers_.back()->listens()) wrong("the broker does not listen");
}

void World::start_agent(int machine) {
  Machine& own = machines_[static_cast<size_t>(machine)];
  AgentSetup setup;
  setup.machine = machine;
  setup.connections = plan_.connections;
  setup.window_bytes = plan_.window_bytes;
  if (!own.upgraded.empty()) setup.supersedes = own.upgraded.back()->instance();
  note("agent of machine " + std::to_string(machine) + " starts");
  own.agent = std::make_unique<AgentNode>(kernel_, runner_, kernel_.add_process("agent", *own.host), setup);
}

// Which machines the newest broker has tunnels of.
void World::note_up() {
  if (brokers_.empty() || brokers_.back() == nullptr) return;
  for (size_t i = 0; i < up_since_.size(); ++i) {
    const bool up = !brokers_.back()->process().dead && brokers_.back()->connected(machine_id(static_cast<int>(i)));
    if (up == (up_since_[i].count() != 0)) continue;
    up_since_[i] = up ? events_.now() : Micros{0};
    note("machine " + std::to_string(i) + (up ? " is up" : " is down"));
  }
}

void World::on_over(ExchangeRecord& record) {
  const Micros up_since = up_since_[static_cast<size_t>(record.plan.machine)];
  record.up_when_over = brokers_.size() == 1 && up_since.count() != 0 && events_.now() - up_since >= kSettledUp;
  note("over: " + describe(record));
}

void World::wrong(const std::string& what) {
  note("WRONG: " + what);
  wrong_.push_back(what);
}

void World::reap() {
  for (size_t i = 0; i < machines_.size(); ++i) {
    Machine& machine = machines_[i];
    for (auto& agent : machine.upgraded) {
      if (agent->ended()) kill_agent(agent, false);
    }
    std::erase(machine.upgraded, nullptr);
    if (machine.agent == nullptr || !machine.agent->ended()) continue;
    kill_agent(machine.agent, false);
    if (std::exchange(machine.agent_returns, false)) start_agent(static_cast<int>(i));
  }
  for (auto& broker : brokers_) {
    if (broker != nullptr && broker->ended()) kill_broker(broker);
  }
  std::erase(brokers_, nullptr);
  if (brokers_.empty() && std::exchange(broker_returns_, false)) start_broker();
}

bool World::step() {
  reap();
  const bool event_first = random_.chance(50);
  if (event_first && events_.due()) {
    events_.run_next();
    return true;
  }
  if (runner_.run_one()) {
    ++turns_;
    if (++turns_now_ > kMostTurnsAtOnce) wrong("a loop turns for ever");
    return turns_now_ <= kMostTurnsAtOnce;
  }
  if (events_.due()) {
    events_.run_next();
    return true;
  }
  const Micros next = std::min(runner_.next_wake(), events_.empty() ? LoopRunner::kNever : events_.next());
  if (next == LoopRunner::kNever) return false;
  events_.advance(next);
  turns_now_ = 0;
  return true;
}

template <class Done>
bool World::run_until(Micros most, const Done& done) {
  const Micros until = events_.now() + most;
  while (!done()) {
    if (events_.now() > until || !step()) return done();
  }
  return true;
}

// Everybody has been served and every machine is back.
bool World::quiet() const {
  if (brokers_.size() != 1 || brokers_[0]->clients() != 0 || brokers_[0]->parked() != 0) return false;
  return std::all_of(machines_.begin(), machines_.end(), [this](const Machine& machine) {
    return machine.agent != nullptr && machine.clone == nullptr && machine.upgraded.empty() &&
           machine.agent->streams() == 0 && machine.agent->serving() == static_cast<size_t>(plan_.connections);
  });
}

std::vector<std::string> World::run() {
  const auto served = [this] {
    return std::all_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->done(); });
  };
  run_until(kLongestRun, served);
  for (ExchangeRecord& record : ledger_.records()) {
    const std::string problem = judge(plan_, record, events_.now());
    if (!problem.empty()) wrong(problem + ": " + describe(record));
  }
  if (!wrong_.empty()) return wrong_;
  if (!run_until(kLongestClose, [this] { return quiet(); })) {
    wrong("something is left when all are served: " + std::to_string(brokers_.size()) + " brokers, " +
          std::to_string(brokers_.back()->clients()) + " clients, " + std::to_string(brokers_.back()->parked()) +
          " parked");
    return wrong_;
  }
  close_down();
  return wrong_;
}

// Everything ends in order, and leaves nothing.
void World::close_down() {
  note("all end");
  for (Machine& machine : machines_) machine.agent->drain();
  const auto agents_gone = [this] {
    return std::all_of(machines_.begin(), machines_.end(), [](const Machine& each) { return each.agent == nullptr; });
  };
  if (!run_until(kLongestClose, agents_gone)) wrong("an agent does not end");
  const bool empty = run_until(kLongestClose, [this] { return brokers_[0]->tunnels() == 0; });
  if (!empty) wrong("a tunnel is left without its agent");
  brokers_[0]->drain();
  if (!run_until(kLongestClose, [this] { return brokers_.empty(); })) wrong("the broker does not end");
  const auto origins_left = [this] {
    return std::all_of(machines_.begin(), machines_.end(),
                       [](const Machine& each) { return each.origin->connections() == 0; });
  };
  if (!run_until(kLongestClose, origins_left)) wrong("a connection to an origin is left");
}

}  // namespace ingress::sim
