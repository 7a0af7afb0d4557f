// One run of a seed: the processes, the clients and origins, and what goes wrong, until nothing is left to happen.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/agent_node.h"
#include "tests/sim/broker_node.h"
#include "tests/sim/run_plan.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_origin.h"
#include "tests/sim/trace.h"

namespace ingress::sim {

class World {
 public:
  World(const RunPlan& plan, Trace& trace, const std::string& folder);
  ~World();

  // What is wrong, a line each; empty where nothing is.
  std::vector<std::string> run();
  // Ends whatever is left of it, and adds what goes wrong in that.
  void end(std::vector<std::string>& wrong);
  uint64_t turns() const { return turns_; }

 private:
  struct Machine {
    Host* host = nullptr;
    std::unique_ptr<SimOrigin> origin;
    std::unique_ptr<AgentNode> agent;
    std::unique_ptr<AgentNode> clone;
    std::vector<std::unique_ptr<AgentNode>> upgraded;  // the latest at the back
    bool agent_returns = false;                        // the one that runs dry is followed by another
  };

  void make_hosts();
  void make_clients();
  void plan_faults();
  void start_broker();
  void start_agent(int machine);

  void begin(const PlannedFault& fault);
  void heal(const PlannedFault& fault);
  void begin_at_agent(const PlannedFault& fault);
  void heal_at_agent(const PlannedFault& fault);
  void begin_at_broker(const PlannedFault& fault);
  void kill_agent(std::unique_ptr<AgentNode>& agent, bool vanish);
  void kill_all_agents(Machine& machine, bool vanish);
  void upgrade_agent(int machine);
  void kill_broker(std::unique_ptr<BrokerNode>& broker);
  // Processes that have ended by themselves.
  void reap();

  bool step();
  // Goes on until `done`; false where that takes longer than `most`.
  template <class Done>
  bool run_until(Micros most, const Done& done);
  bool quiet() const;
  void close_down();
  void note_up();
  void on_over(ExchangeRecord& record);
  void wrong(const std::string& what);
  void note(const std::string& text) { trace_.note(events_.now(), text); }

  const RunPlan& plan_;
  Trace& trace_;
  EventQueue events_;
  Random random_;
  Network network_;
  Kernel kernel_;
  LoopRunner runner_;
  BrokerSetup broker_setup_;
  Ledger ledger_;
  Host* broker_host_ = nullptr;
  Host* client_host_ = nullptr;
  std::vector<Machine> machines_;
  std::vector<std::unique_ptr<BrokerNode>> brokers_;  // the last one is new clients'
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::vector<Micros> up_since_;  // by machine; 0: down
  std::vector<std::string> wrong_;
  uint64_t turns_ = 0;
  uint64_t turns_now_ = 0;  // without time going on
  bool broker_returns_ = false;
};

}  // namespace ingress::sim
