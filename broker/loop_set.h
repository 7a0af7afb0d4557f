// All loops of the broker, from the first one's side: what they share, and what is to be done on every one of them.
// Thread: the first loop's, which is the main one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/config_news.h"
#include "broker/machine_diary.h"
#include "broker/ticket_key_source.h"
#include "broker/worker.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class LoopSet final : public LoopsView {
 public:
  explicit LoopSet(const Config& config);
  ~LoopSet();
  LoopSet(const LoopSet&) = delete;
  LoopSet& operator=(const LoopSet&) = delete;

  Worker& first() { return *workers_.front(); }
  uv::Loop& loop() { return first().loop(); }
  // By number: for who runs the loops by itself, instead of start().
  const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }
  RouteTable& routes() { return *routes_; }
  MachineDiary& diary() { return diary_; }
  dev::Landing* landing() { return landing_.get(); }

  // Who makes the machines of join tokens; before listen(). It outlives the loops.
  void set_joiner(MachineJoiner& joiner);
  // A machine that is about to connect: requests for it wait already.
  void expect(std::string_view machine) { recent_.went(machine, loop().now()); }
  // Opens what every loop needs, and logs what is wrong.
  bool open_files();
  // What the process before has written as it let go of the database; and what is done from time to time begins.
  void prepare();
  // Binds every address, for all loops to accept from. The first failure ends it, with `problem` saying which.
  Status listen(std::string& problem);
  // Of the URLs that clients are shown; after listen().
  int public_https_port();
  // The threads of the others: after all that may fail.
  void start();
  // `passed` when every loop has come to a point between two callbacks; after start().
  void when_passed(std::function<void()> passed);
  bool listens() const { return workers_.front()->listens(); }
  // Settings that have changed, but for the folder of certificates; after listen().
  void set_live(const LiveSettings& live);
  // What is there now, in the same folder or another; after listen().
  void load_certificates_again(const std::string& folder);
  // Follows a rotation of the access log.
  void reopen_access_log();

  // Asks every loop, as Worker::under_way(). What an older process of this broker still has lasts, too. At once where
  // there is one loop; after start().
  void look_what_is_under_way(Duration age, std::function<void(UnderWay)> on_done);
  // No more clients are accepted; `done` when all are gone. Once.
  void drain_clients(std::function<void()> done);
  void cut_clients();
  // Another process takes over: what it reads at its start is written, and nothing more is written here.
  void stop_saving();
  // All agents are asked to move to it.
  void migrate_tunnels();
  // GOAWAY to all tunnels; `done` when all are gone, or a little after `grace`; after `relayed_grace` where streams of
  // another process's clients run in them. Once.
  void drain_tunnels(Duration grace, Duration relayed_grace, std::function<void()> done);
  // Ends the threads of the others.
  void stop();

  // LoopsView
  bool connected(std::string_view machine) const override;
  void list_tunnels(std::function<void(std::vector<TunnelInfo>)> on_done) override;
  void close_tunnel(std::string_view id, std::function<void(bool)> on_done) override;
  void drop_machine(std::string_view machine) override;
  // As Forwarder::look_at_times(), of all loops.
  void look_at_times();
  void count(std::function<void(std::vector<LoopCounts>)> on_done) override;
  BrokerCounts broker_counts() const override;
  void list_traffic(std::function<void(std::vector<MachineRow>)> on_done) override;
  void add_tap(std::shared_ptr<ExchangeTap> tap) override;
  void remove_tap(std::shared_ptr<ExchangeTap> tap) override;

 private:
  void make_generations();
  void make_config_news();
  bool open_access_log();
  bool load_certificates();
  // Runs `task` on every loop; here at once, elsewhere soon.
  void everywhere(const std::function<void(Worker&)>& task);
  // The same, with an answer of each, for `on_done` in the order of the loops. At once where there is one loop.
  template <class Answer>
  void ask_all(const std::function<Answer(Worker&)>& ask, std::function<void(std::vector<Answer>)> on_done);
  // Starts `task` on every loop; `done`, from the first, when each has called what it was given.
  void until_all(const std::function<void(Worker&, std::function<void()>)>& task, std::function<void()> done);
  void save_recent();
  void look_at_memory();

  const Config& config_;
  std::unique_ptr<MachineDirectory> directory_;  // null with one loop
  RecentMachines recent_;
  MachineDiary diary_;
  MemoryBudget memory_;
  HandshakeRate handshakes_;
  std::unique_ptr<RouteTable> routes_;
  std::unique_ptr<dev::Landing> landing_;  // null but in `ingress-broker dev`
  std::unique_ptr<AccessLogFile> access_log_;
  WorkerParts parts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Waker> waker_;  // on the first loop
  std::unique_ptr<TicketKeySource> tickets_;
  std::unique_ptr<Generations> generations_;
  std::unique_ptr<ConfigNews> config_news_;  // on the first loop
  std::unique_ptr<uv::Timer> idle_timer_;
  std::unique_ptr<uv::Timer> save_timer_;
  bool save_failed_ = false;                 // and was told
  std::unique_ptr<uv::Timer> memory_timer_;  // null without a budget
};

}  // namespace ingress::broker
