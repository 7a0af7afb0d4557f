#include "broker/app.h"

#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "broker/admin/admin_server.h"
#include "broker/certificates.h"
#include "broker/client/access_log.h"
#include "broker/client/forwarder.h"
#include "broker/client/front.h"
#include "broker/client/redirect.h"
#include "broker/index_loader.h"
#include "broker/store/store.h"
#include "broker/tunnel_access.h"
#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/tls/digest.h"
#include "common/uv/file_limit.h"
#include "common/uv/idle_memory.h"
#include "common/uv/resident_memory.h"
#include "common/uv/sd_notify.h"
#include "common/uv/signal_watch.h"
#include "common/uv/timer.h"

namespace ingress::broker {
namespace {

constexpr Duration kForever = std::chrono::hours(24);

RoutingOptions routing_options(const Config& config) {
  RoutingOptions options;
  options.domains = config.domains;
  options.defaults.auth = config.default_auth;
  return options;
}

RegistryOptions registry_options(const Config& config) {
  RegistryOptions options;
  options.broker_id = "br_" + tls::sha256_hex(tls::random_bytes(16)).substr(0, 12);
  options.reconnect_spread = config.reconnect_spread;
  return options;
}

server::ConnectionOptions connection_options(const Config& config) {
  server::ConnectionOptions options;
  options.head_timeout = config.head_timeout;
  options.keep_alive_timeout = config.keep_alive_timeout;
  options.exchange_timeout = config.exchange_timeout;
  return options;
}

class App {
 public:
  explicit App(const Config& config)
      : config_(config),
        certificates_(loop_, config.tls_dir),
        index_(routing_options(config)),
        access_(index_),
        tunnels_(loop_, registry_options(config), access_),
        idle_memory_(loop_, uv::release_idle_heap) {}

  int run();

 private:
  bool open_files();
  void on_snapshot(const Result<Snapshot>& snapshot);
  bool listen();
  bool listen_admin();
  void on_signal(const char* name);
  void drain();
  void finish();
  void fail(const char* event, const std::string& problem);

  const Config& config_;
  uv::SdNotify notify_;
  uv::Loop loop_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<Store> store_;
  Certificates certificates_;
  RouteIndex index_;
  TunnelAccess access_;
  TunnelRegistry tunnels_;
  uv::IdleMemory idle_memory_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<Redirect> redirect_;
  std::unique_ptr<ChallengesThen> challenges_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<uv::Timer> grace_timer_;
  std::unique_ptr<uv::SignalWatch> terminate_;
  std::unique_ptr<uv::SignalWatch> interrupt_;
  std::unique_ptr<uv::SignalWatch> hang_up_;
  int exit_code_ = 0;
  bool draining_ = false;
};

int App::run() {
  uv::raise_file_limit();
  if (!open_files()) return 1;
  terminate_ = std::make_unique<uv::SignalWatch>(loop_, SIGTERM, [this] { on_signal("SIGTERM"); });
  interrupt_ = std::make_unique<uv::SignalWatch>(loop_, SIGINT, [this] { on_signal("SIGINT"); });
  hang_up_ = std::make_unique<uv::SignalWatch>(loop_, SIGHUP, [this] {
    if (access_log_ != nullptr) static_cast<void>(access_log_->reopen());
  });
  // The loop lives until stop(), whatever else is active: the store answers from its own thread.
  uv::Timer alive(loop_, [] {});
  alive.start(kForever, kForever);
  store_->snapshot([this](const Result<Snapshot>& snapshot) { on_snapshot(snapshot); });
  loop_.run();
  block_termination();  // the exit code is said; what is left is to let go
  return exit_code_;
}

bool App::open_files() {
  std::string problem;
  Result<std::unique_ptr<Store>> store = Store::open(loop_, config_.db, problem);
  if (!store) {
    log_error("database_failed", {{"path", config_.db}, {"error", problem}});
    return false;
  }
  store_ = std::move(*store);
  store_->set_on_committed([this](const Transaction& transaction, int64_t) { index_.apply(transaction); });
  if (!config_.access_log.empty()) {
    Result<std::unique_ptr<AccessLog>> log = AccessLog::open(loop_, config_.access_log);
    if (!log) {
      log_error("access_log_failed", {{"path", config_.access_log}, {"error", describe(log.error())}});
      return false;
    }
    access_log_ = std::move(*log);
  }
  return static_cast<bool>(certificates_.start());
}

void App::on_snapshot(const Result<Snapshot>& snapshot) {
  if (!snapshot) return fail("database_failed", describe(snapshot.error()));
  load_index(index_, *snapshot);
  if (!listen() || !listen_admin()) return;
  uv::release_idle_pages();
  notify_.send("READY=1");
  log_info("ready",
           {{"machines", snapshot->machines.size()}, {"revision", static_cast<long long>(snapshot->revision)}});
}

bool App::listen() {
  forwarder_ = std::make_unique<Forwarder>(loop_, index_, tunnels_, access_log_.get());
  redirect_ = std::make_unique<Redirect>(config_.acme_webroot, config_.https.front().port);
  challenges_ = std::make_unique<ChallengesThen>(config_.acme_webroot, *forwarder_);
  server::RequestAcceptor* clear = redirect_.get();
  if (config_.serve_clear) clear = challenges_.get();
  front_ = std::make_unique<Front>(loop_, &certificates_.context(), tunnels_, *clear, *forwarder_,
                                   connection_options(config_));
  FrontOptions options;
  options.http = config_.http;
  options.https = config_.https;
  std::string problem;
  if (!front_->listen(options, problem)) {
    fail("listen_failed", problem);
    return false;
  }
  redirect_->set_https_port(front_->https_addresses().front().port);
  return true;
}

bool App::listen_admin() {
  if (config_.admin.empty()) return true;
  AdminOptions options;
  options.addresses = config_.admin;
  options.token = config_.admin_token;
  AdminParts parts;
  parts.loop = &loop_;
  parts.store = store_.get();
  parts.index = &index_;
  parts.tunnels = &tunnels_;
  parts.certificates = &certificates_.context();
  const int port = front_->https_addresses().front().port;
  if (port != 443) parts.public_https_port = ":" + std::to_string(port);
  std::string problem;
  Result<std::unique_ptr<AdminServer>> admin = AdminServer::start(options, parts, problem);
  if (!admin) {
    fail("listen_failed", problem);
    return false;
  }
  admin_ = std::move(*admin);
  return true;
}

void App::fail(const char* event, const std::string& problem) {
  log_error(event, {{"error", problem}});
  exit_code_ = 1;
  finish();
}

void App::on_signal(const char* name) {
  if (draining_) {
    log_warn("stopping_now", {{"signal", name}});
    loop_.stop();
    std::_Exit(exit_code_);
  }
  log_info("draining", {{"signal", name}});
  notify_.send("STOPPING=1");
  drain();
}

// Clients first: their exchanges need the tunnels until they end.
void App::drain() {
  draining_ = true;
  if (admin_ != nullptr) admin_->drain();
  if (front_ == nullptr) return finish();
  grace_timer_ = std::make_unique<uv::Timer>(loop_, [this] {
    log_warn("grace_period_over", {});
    front_->close_all();
  });
  grace_timer_->start(config_.grace_period);
  front_->drain([this] {
    loop_.defer([this] { tunnels_.drain(Duration{2000}, [this] { loop_.defer([this] { finish(); }); }); });
  });
}

void App::finish() {
  grace_timer_.reset();
  loop_.stop();
}

}  // namespace

int run(const Config& config) {
  App app(config);
  const int exit_code = app.run();
  log_info("stopped", {});
  return exit_code;
}

}  // namespace ingress::broker
