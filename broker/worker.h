// What one loop of the broker has: its clients, its machines' tunnels, and what it reads to serve them. The first loop
// runs on the main thread, beside the admin API and the store's answers; every other one on a thread of its own.
//
// Thread: made and destroyed on the main thread while its own does not run; all else on its own, but for post(),
// start() and stop().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/carrier/crossing.h"
#include "broker/carrier/loops_view.h"
#include "broker/certificates.h"
#include "broker/client/clear_choice.h"
#include "broker/client/front.h"
#include "broker/client/proxied_requests.h"
#include "broker/client/redirect.h"
#include "broker/client/tunnel_upgrades.h"
#include "broker/config.h"
#include "broker/dev/dev_front.h"
#include "broker/generations/generations.h"
#include "broker/machine_diary.h"
#include "broker/observe/exchange_observer.h"
#include "broker/tcp/tcp_connects.h"
#include "broker/tunnel_access.h"
#include "common/tunnel/credit_budget.h"

namespace ingress::broker {

// What all loops share; it outlives them.
struct WorkerParts {
  const Config* config = nullptr;
  const RouteTable* routes = nullptr;
  MachineDirectory* directory = nullptr;  // null with one loop
  RecentMachines* recent = nullptr;
  MachineDiary* diary = nullptr;
  Waker* waker = nullptr;
  MemoryBudget* memory = nullptr;
  HandshakeRate* handshakes = nullptr;  // null: no limit
  std::string broker_id;
  const dev::Landing* landing = nullptr;  // of `ingress-broker dev`
};

// The most that there is.
enum class UnderWay : uint8_t { kNothing, kExchanges, kLasting };

class Worker final : private MachineWatcher {
 public:
  Worker(const WorkerParts& parts, size_t number);
  ~Worker();

  // With several loops: all of them, by number.
  void connect(const std::vector<Worker*>& all);
  Status load_certificates(const tls::TicketKeyMemory& tickets) { return certificates_.start(tickets); }
  // Once they are loaded: what is there now, of the same folder too.
  void load_certificates_again(const std::string& folder) { static_cast<void>(certificates_.move_to(folder)); }
  void open_access_log(AccessLogFile& file) { observer_.open_access_log(file); }
  // Before it runs; they outlive its last iteration.
  void set_generations(Generations& generations);
  // What the front needs; after connect and the others.
  void make_front();

  uv::Loop& loop() { return loop_; }
  Front& front() { return *front_; }
  TunnelRegistry& tunnels() { return tunnels_; }
  Carrier& carrier() { return *carrier_; }
  tcp::TcpConnects& tcp() { return *tcp_; }
  const Certificates& certificates() const { return certificates_; }
  // Before the first handshake; it outlives the worker.
  void use_certificate_maker(tls::CertificateMaker& maker) { certificates_.use_maker(maker); }
  ExchangeObserver& observer() { return observer_; }
  bool listens() const { return front_ != nullptr; }

  // Agents whose machines these are get to know what the routes say of them now; or all agents do.
  void tell_configs(const std::vector<std::string>& machines);
  void tell_all_configs() { tunnels_.tell_all_configs(); }
  void look_at_times();
  // Of public URLs; before the first tunnel.
  void set_https_port(int port);
  // Before its first tunnel.
  void set_joiner(MachineJoiner& joiner) { access_.set_joiner(joiner); }
  // Machines can be reached again, by another process: requests that wait for them go on.
  void wake(const std::vector<std::string>& machines);
  // Settings that have changed, but for the folder of certificates; after make_front.
  void set_live(const LiveSettings& live);
  LoopCounts counts() const;
  // Of its clients; exchanges last from `age` on. After make_front.
  UnderWay under_way(Duration age) const;
  void stop_accepting(std::function<void()> settled);
  void drain_clients(std::function<void()> done);
  void cut_clients();
  void drain_tunnels(Duration grace, std::function<void()> done);

  // Its thread, until stop() has been called.
  void start();
  void stop();

 private:
  void run();
  // MachineWatcher
  void on_machine_up(const std::string& machine) override;
  void on_machine_down(std::string_view machine) override;
  void on_tunnel_up(const TunnelInfo& tunnel) override { parts_.diary->tunnel_up(tunnel); }
  void on_tunnel_down(const TunnelInfo& tunnel, std::string_view reason, bool connected) override;
  void on_ports(std::string_view machine, MachinePorts ports) override;
  void on_activity(std::string_view machine, const ActivityNews& news) override;
  void on_left(std::string_view machine, const LeftStreams& left) override { parts_.diary->left(machine, left); }
  void make_acceptors();
  void make_doors();
  void set_proxies(const proxies::ProxySettings& settings);
  void hand_client(size_t loop, HandedClient client);
  void hand_tunnel(size_t loop, HandedTunnel tunnel);
  void take_client(HandedClient client);
  void take_tunnel(HandedTunnel tunnel);

  const WorkerParts& parts_;
  const size_t number_;
  tunnel::CreditBudget credit_;  // of all its tunnels, the buried ones too
  uv::Loop loop_;
  Certificates certificates_;
  TunnelAccess access_;
  TunnelRegistry tunnels_;
  Generations* generations_ = nullptr;
  std::vector<Worker*> all_;            // empty with one loop
  std::unique_ptr<Crossing> crossing_;  // null with one loop
  std::unique_ptr<Carrier> carrier_;
  std::unique_ptr<tcp::TcpConnects> tcp_;
  ParkingLot parking_;
  ExchangeObserver observer_;
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<dev::DevFront> dev_front_;  // null but in `ingress-broker dev`
  std::unique_ptr<Redirect> redirect_;
  std::unique_ptr<ChallengesThen> challenges_;
  std::unique_ptr<ClearChoice> clear_choice_;
  std::unique_ptr<TunnelUpgrades> clear_tunnels_;
  std::unique_ptr<TunnelUpgrades> secure_tunnels_;
  std::unique_ptr<ProxiedRequests> clear_;   // what the clear listeners ask
  std::unique_ptr<ProxiedRequests> secure_;  // and those of https
  std::unique_ptr<TunnelLobby> lobby_;       // null with one loop
  std::unique_ptr<ClientIntake> intake_;     // null with one loop
  std::unique_ptr<Front> front_;
  std::thread thread_;
};

}  // namespace ingress::broker
