#include "agent/app.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "agent/ports/port_watch.h"
#include "agent/self_view.h"
#include "agent/session/machine_config_of.h"
#include "agent/session/origin_streams.h"
#include "agent/session/tunnel_set.h"
#include "agent/status/service_status.h"
#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/supervise/parent_line.h"
#include "common/supervise/parent_watch.h"
#include "common/supervise/unused_sockets.h"
#include "common/tls/digest.h"
#include "common/uv/file_limit.h"
#include "common/uv/idle_memory.h"
#include "common/uv/inherited_sockets.h"
#include "common/uv/resident_memory.h"
#include "common/uv/sd_notify.h"
#include "common/uv/signal_watch.h"
#include "common/uv/timer.h"
#include "common/uv/watchdog.h"

namespace ingress::agent {
namespace {

// How long after a tunnel came up the pages that its handshake (and the start) needed are given back.
constexpr Duration kSettled{200};

// CONFIG comes right behind WELCOME: a broker whose has not come by then sends none.
constexpr Duration kConfigWait{2000};

// How often an agent that is told to end looks for streams that last, and how long before the end of its grace period
// it takes no more.
constexpr Duration kLingerLook{1000};
constexpr Duration kLastCall{500};

uint32_t random_seed() {
  uint32_t seed = 0;
  std::memcpy(&seed, tls::random_bytes(sizeof seed).data(), sizeof seed);
  return seed;
}

class App {
 public:
  explicit App(const Config& config)
      : config_(config),
        policy_(config.targets),
        pool_(loop_, origin::PoolLimits{}),
        streams_(loop_, pool_, policy_, config.timeouts),
        tunnels_(
            loop_, config.tunnel, streams_, random_seed(), [this] { on_tunnels(); }, [this] { on_replaced(); }),
        ports_(
            loop_, [this](int port) { return policy_.allows(port); },
            [this] { tunnels_.tell(ports_.now_listening()); }),
        self_({config.tunnel, tunnels_, ports_, machine_}),
        settled_(loop_, [] { uv::release_idle_pages(); }),
        config_wait_(loop_, [this] { on_no_config(); }),
        status_(config.tunnel.broker.authority()),
        ready_wait_(loop_, [this] { on_ready_wait_over(); }),
        watchdog_(loop_, notify_, [](const std::function<void()>& alive) { alive(); }),
        idle_memory_(loop_, uv::release_idle_pages) {
    pool_.set_witness([this](const origin::Target& target) { return listened_lately(target); });
    streams_.set_on_failed([this](int port, const Error& error) { on_exchange_failed(port, error); });
    tunnels_.set_on_trouble(
        [this](const char* code, std::string sentence) { self_.on_trouble(code, std::move(sentence)); });
    tunnels_.set_on_instance([this](const std::string& instance) {
      parent_.rename(instance);
      unnamed_ = !parent_.speaks();
    });
    tunnels_.set_on_config([this](const tunnel::pb::Config& told) {
      machine_ = machine_config_of(told);
      open_port();
    });
  }

  int run();

 private:
  bool listen();
  bool hold_port();
  bool port_waits() const { return config_.local && local_ == nullptr && !draining_; }
  void open_port();
  void on_alone();
  void on_no_config();
  std::string listen_text() const;
  void log_listen_failed(const Error& error) const;
  LocalParts local_parts();
  bool listened_lately(const origin::Target& target) const;
  void on_exchange_failed(int port, const Error& error);
  void on_tunnels();
  void on_ready_wait_over();
  void on_signal(const char* name);
  void on_upgrade();
  void on_next_serves();
  void on_replaced();
  void hand_over();
  void drain(Duration grace_period);
  void leave();
  void run_dry();
  void part_drained();

  const Config& config_;
  uv::SdNotify notify_;
  uv::Loop loop_;
  TargetPolicy policy_;
  origin::OriginPool pool_;
  OriginStreams streams_;
  TunnelSet tunnels_;
  PortWatch ports_;
  std::optional<MachineConfig> machine_;  // what the broker said last; it stays good while no tunnel is up
  SelfView self_;
  uv::Timer settled_;
  uv::Timer config_wait_;
  ServiceStatus status_;
  uv::Timer ready_wait_;
  uv::Watchdog watchdog_;
  uv::IdleMemory idle_memory_;
  std::unique_ptr<LocalServer> local_;
  std::unique_ptr<uv::Timer> grace_timer_;
  std::unique_ptr<uv::Timer> linger_timer_;
  std::unique_ptr<uv::Timer> last_call_timer_;
  std::unique_ptr<uv::SignalWatch> terminate_;
  std::unique_ptr<uv::SignalWatch> interrupt_;
  std::unique_ptr<uv::SignalWatch> upgrade_;
  std::unique_ptr<uv::SignalWatch> hang_up_;
  int parts_ = 2;  // that are to drain: the tunnels, and the port
  bool draining_ = false;
  bool running_dry_ = false;  // no further streams are taken
  bool terminating_ = false;  // a signal said so
  supervise::ParentLine parent_;
  bool upgraded_ = false;  // another process is taking over
  bool replaced_ = false;  // another instance has the machine
  bool unnamed_ = false;   // the parent does not know by which instance the tunnels are
  bool had_tunnel_ = false;
};

int App::run() {
  uv::raise_file_limit();
  terminate_ = std::make_unique<uv::SignalWatch>(loop_, SIGTERM, [this] { on_signal("SIGTERM"); });
  interrupt_ = std::make_unique<uv::SignalWatch>(loop_, SIGINT, [this] { on_signal("SIGINT"); });
  upgrade_ = std::make_unique<uv::SignalWatch>(loop_, SIGUSR2, [this] { on_upgrade(); });
  hang_up_ = std::make_unique<uv::SignalWatch>(loop_, SIGHUP, [] {
    log_warn("reload_needs_supervise",
             {{"hint", "run with --supervise: SIGHUP then starts it anew, and cuts nothing"}});
  });
  if (!(parent_.alone() ? listen() : hold_port())) return cli::kExitFailed;
  supervise::signal_when_parent_dies(SIGTERM);
  parent_.listen(
      loop_, [this] { on_alone(); }, [this] { on_next_serves(); });
  parent_.begin();
  log_info("starting", {{"version", config_.tunnel.agent_version},
                        {"machine", config_.tunnel.machine},
                        {"broker", config_.tunnel.broker.authority()},
                        {"proxy", config_.tunnel.proxy ? config_.tunnel.proxy->host : std::string("none")},
                        {"listen", listen_text()}});
  notify_.send(status_.on_start());
  ready_wait_.start(ServiceStatus::kReadyWait);
  ports_.start();
  tunnels_.start();
  settled_.start(kSettled);
  watchdog_.start();
  loop_.run();
  block_termination();  // the exit code is said; what is left is to let go
  return cli::kExitGood;
}

bool App::listen() {
  if (!config_.local) {
    supervise::close_unused_sockets();
    return true;
  }
  auto server = LocalServer::start(loop_, *config_.local, local_parts());
  if (!server) {
    log_listen_failed(server.error());
    return false;
  }
  local_ = std::move(*server);
  supervise::close_unused_sockets();
  return true;
}

// The child before this one serves the port, by what it knows of the policies; this one is to accept nobody before it
// knows of them, too (decision 0011). Whether it can listen is known from the start all the same.
bool App::hold_port() {
  if (!config_.local) return listen();
  if (const Status held = uv::hold_socket(config_.local->address); !held) {
    log_listen_failed(held.error());
    return false;
  }
  policy_.add_own_port(config_.local->address.port);
  return true;
}

// What can fail has been done by hold_port().
void App::open_port() {
  if (port_waits()) listen();
}

// With a tunnel CONFIG opens the port, or its timer does.
void App::on_alone() {
  if (tunnels_.serving() == 0) open_port();
}

void App::on_no_config() {
  if (tunnels_.serving() > 0 || parent_.alone()) open_port();
}

std::string App::listen_text() const {
  if (!config_.local) return "off";
  return (local_ != nullptr ? local_->address() : config_.local->address).to_text();
}

void App::log_listen_failed(const Error& error) const {
  log_error("listen_failed", {{"address", config_.local->address.to_text()}, {"error", describe(error)}});
}

bool App::listened_lately(const origin::Target& target) const {
  return !target.addresses.empty() && ports_.listened_lately(target.addresses.front().port);
}

// What the broker shows beside the failure is then what listens now: the list is sent before the RESET.
void App::on_exchange_failed(int port, const Error& error) {
  self_.on_exchange_failed(port, error);
  if (error.code == ErrorCode::kConnectFailed) ports_.look();
}

LocalParts App::local_parts() {
  return {pool_,
          policy_,
          [this] { return tunnels_.serving() > 0; },
          [this]() -> const MachineConfig* { return machine_ ? &*machine_ : nullptr; },
          [this](bool json) { return self_.show(json); },
          [this](int port, const Error& error) { on_exchange_failed(port, error); }};
}

void App::on_tunnels() {
  self_.on_tunnels();
  if (draining_ || running_dry_) return;
  const size_t serving = tunnels_.serving();
  replaced_ = replaced_ && serving == 0;
  notify_.send(status_.on_tunnels(serving, tunnels_.size()));
  if (serving > 0 && !std::exchange(had_tunnel_, true)) parent_.serves();
  if (serving > 0 && port_waits()) config_wait_.start(kConfigWait);
  settled_.start(kSettled);
}

void App::on_ready_wait_over() {
  if (draining_ || running_dry_) return;
  const std::string message = status_.on_ready_wait_over(parent_.alone());
  if (!message.empty()) notify_.send(message);
}

void App::on_signal(const char* name) {
  if (std::exchange(terminating_, true)) {
    log_warn("stopping_now", {{"signal", name}, {"streams", tunnels_.stream_count()}});
    std::_Exit(cli::kExitGood);
  }
  log_info("draining", {{"signal", name}, {"streams", tunnels_.stream_count()}});
  if (!upgraded_) {
    config_.has_parent ? notify_.send_draining(config_.grace_period) : notify_.send_stopping(config_.grace_period);
  }
  parent_.leave();
  drain(config_.grace_period);
  leave();
}

// The next process has been started by the parent of both. This one serves until that has a tunnel, which the parent
// says (on_next_serves()); one from before its own words does not, and that process may be held against this one.
void App::on_upgrade() {
  if (config_.has_parent) {
    upgraded_ = true;
    if (!parent_.speaks() && (replaced_ || unnamed_)) hand_over();
  } else {
    log_warn("upgrade_needs_supervise", {{"hint", "run with --supervise: SIGUSR2 then starts the new program"}});
  }
}

// The next process has a tunnel: perhaps to another broker or for another machine, of which nobody tells this one.
void App::on_next_serves() {
  upgraded_ = true;
  hand_over();
}

// By the next process; or by another agent, and the next process may be refused as well: until that has a tunnel, this
// one serves the port on by what it knows of the policies (decision 0011).
void App::on_replaced() {
  replaced_ = true;
  if (draining_ || (upgraded_ && local_ != nullptr && parent_.speaks())) return run_dry();
  if (upgraded_) hand_over();
}

void App::hand_over() {
  if (!draining_) {
    watchdog_.stop();  // the next process speaks
    log_info("draining", {{"by", "upgrade"}, {"streams", tunnels_.stream_count()}});
    drain(config_.upgrade_grace_period);
  }
  run_dry();
}

// Once more with another time where a signal comes while an upgraded agent runs dry. run_dry() follows.
void App::drain(Duration grace_period) {
  const bool first = !std::exchange(draining_, true);
  if (first) {
    grace_timer_ = std::make_unique<uv::Timer>(loop_, [this] {
      log_warn("grace_period_over", {{"streams", tunnels_.stream_count()}});
      run_dry();
      tunnels_.close();
      if (local_ != nullptr) local_->close_all();
    });
  }
  grace_timer_->start(grace_period);
  if (!first) return;
  if (local_ == nullptr) {
    uv::close_unused_sockets();  // the one of hold_port()
    part_drained();
  } else {
    local_->drain([this] { loop_.defer([this] { part_drained(); }); });
  }
}

// While streams last that would keep it from ending anyway, the machine stays reachable by it: until they end, another
// agent takes over, or what is begun last could not end within the grace period.
void App::leave() {
  if (running_dry_ || !tunnels_.leave()) return run_dry();
  linger_timer_ = std::make_unique<uv::Timer>(loop_, [this] {
    if (!tunnels_.has_lasting_streams()) run_dry();
  });
  linger_timer_->start(kLingerLook, kLingerLook);
  last_call_timer_ = std::make_unique<uv::Timer>(loop_, [this] { run_dry(); });
  last_call_timer_->start(std::max(config_.grace_period - kLastCall, config_.grace_period / 2));
}

void App::run_dry() {
  if (std::exchange(running_dry_, true)) return;
  if (linger_timer_ != nullptr) linger_timer_->stop();
  if (last_call_timer_ != nullptr) last_call_timer_->stop();
  tunnels_.drain([this] { part_drained(); });
}

void App::part_drained() {
  if (--parts_ > 0) return;
  grace_timer_->stop();
  pool_.close_idle();
  loop_.stop();
}

}  // namespace

int run(const Config& config) {
  App app(config);
  const int exit_code = app.run();
  if (exit_code == cli::kExitGood) log_info("stopped");
  return exit_code;
}

}  // namespace ingress::agent
