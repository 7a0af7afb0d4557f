#include "broker/app.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "broker/admin/admin_server.h"
#include "broker/certificate_service.h"
#include "broker/dev/dev_session.h"
#include "broker/expiry_sweep.h"
#include "broker/index_loader.h"
#include "broker/leaving.h"
#include "broker/loop_set.h"
#include "broker/machine_joiner.h"
#include "broker/store/follower.h"
#include "broker/store/schema.h"
#include "broker/store/store.h"
#include "common/base/log.h"
#include "common/base/signals.h"
#include "common/database/database_lock.h"
#include "common/supervise/parent_line.h"
#include "common/supervise/parent_watch.h"
#include "common/supervise/unused_sockets.h"
#include "common/uv/file_limit.h"
#include "common/uv/idle_memory.h"
#include "common/uv/inherited_fds.h"
#include "common/uv/inherited_sockets.h"
#include "common/uv/resident_memory.h"
#include "common/uv/scheduling.h"
#include "common/uv/sd_notify.h"
#include "common/uv/signal_watch.h"
#include "common/uv/watchdog.h"

namespace ingress::broker {
namespace {

class App final : private LeavingProgram {
 public:
  App(const Config& config, const ConfigSource& source)
      : config_(config),
        source_(source),
        loops_(config_),
        loop_(loops_.loop()),
        watchdog_(loop_, notify_, [this](std::function<void()> alive) { loops_.when_passed(std::move(alive)); }),
        idle_memory_(loop_, uv::release_idle_heap),
        leaving_({loops_, config_.live, notify_, watchdog_, parent_, supervised_, config_.dev != nullptr}, *this) {}

  int run();

 private:
  bool can_begin();
  bool open_files();
  bool open_dev();
  void read_snapshot();
  bool start_dev();
  void on_snapshot(Result<Snapshot> snapshot);
  bool listen();
  bool listen_admin();
  void on_hang_up();
  void take(const Config& fresh);
  void follow_database();
  void finish();
  void fail(const char* event, const std::string& problem);
  // LeavingProgram
  AdminServer* admin() override { return admin_.get(); }
  void let_go_of_database() override;
  void on_left() override { finish(); }
  void end_now() override;

  Config config_;
  const ConfigSource& source_;
  uv::SdNotify notify_;
  StoreJoiner joiner_;
  LoopSet loops_;
  uv::Loop& loop_;  // the first of them
  uv::Watchdog watchdog_;
  db::DatabaseLock lock_;
  std::unique_ptr<Store> store_;
  bool reload_is_due_ = false;          // SIGHUP came before it listened
  int64_t revision_ = 0;                // that routing is as of, while the store is there
  std::unique_ptr<Follower> follower_;  // once it is not
  std::unique_ptr<ExpirySweep> sweep_;
  std::unique_ptr<CertificateService> certificates_;
  uv::IdleMemory idle_memory_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<dev::DevSession> dev_;  // of `ingress-broker dev`
  std::unique_ptr<uv::SignalWatch> terminate_;
  std::unique_ptr<uv::SignalWatch> interrupt_;
  std::unique_ptr<uv::SignalWatch> hang_up_;
  std::unique_ptr<uv::SignalWatch> upgrade_;
  int exit_code_ = 0;
  supervise::ParentLine parent_;
  const bool supervised_ = uv::number_in_environment(uv::kListenFdsVariable).has_value();
  Leaving leaving_;
};

int App::run() {
  uv::raise_file_limit();
  if (config_.schedule_in_turn) uv::schedule_in_turn();
  // The next process may be there before this one serves, and logs may be rotated.
  hang_up_ = std::make_unique<uv::SignalWatch>(loop_, SIGHUP, [this] { on_hang_up(); });
  upgrade_ = std::make_unique<uv::SignalWatch>(loop_, SIGUSR2, [this] { leaving_.on_upgrade(); });
  if (!open_files()) return 1;
  terminate_ = std::make_unique<uv::SignalWatch>(loop_, SIGTERM, [this] { leaving_.on_signal("SIGTERM"); });
  interrupt_ = std::make_unique<uv::SignalWatch>(loop_, SIGINT, [this] { leaving_.on_signal("SIGINT"); });
  if (dev_ == nullptr) {
    read_snapshot();
  } else {
    dev_->set_up(*store_, [this](const std::string& problem) {
      if (!problem.empty()) return fail("set_up_failed", problem);
      read_snapshot();
    });
  }
  loop_.run_until_stopped();  // the store answers from its own thread
  block_termination();        // the exit code is said; what is left is to let go
  loops_.stop();
  return exit_code_;
}

void App::read_snapshot() {
  store_->snapshot([this](Result<Snapshot> snapshot) { on_snapshot(std::move(snapshot)); });
}

bool App::open_dev() {
  if (config_.dev == nullptr) return true;
  auto certificates = dev::DevCertificates::open(*config_.dev);
  if (!certificates) {
    log_error("certificates_failed", {{"folder", config_.dev->state_dir}, {"error", describe(certificates.error())}});
    return false;
  }
  dev_ = std::make_unique<dev::DevSession>(loop_, *config_.dev, std::move(*certificates));
  loops_.first().use_certificate_maker(dev_->certificates());
  return loops_.open_files();
}

bool App::start_dev() {
  if (dev_ == nullptr) return true;
  const int port = loops_.first().front().https_addresses().front().port;
  loops_.expect(config_.dev->machine);
  return dev_->start(*loops_.landing(), port, INGRESS_VERSION);
}

// All that can fail for what the configuration says, before the process that serves lets go of anything.
bool App::can_begin() {
  std::string problem = place_stand_in(config_);
  if (!problem.empty()) {
    log_error("certificates_failed", {{"error", problem}});
    return false;
  }
  if (config_.dev == nullptr && !loops_.open_files()) return false;
  if (!supervised_) return true;
  if (!check_version(config_.db, problem)) {
    log_error("database_failed", {{"path", config_.db}, {"error", problem}});
    return false;
  }
  for (const auto* addresses : {&config_.http, &config_.https, &config_.admin}) {
    for (const uv::Address& address : *addresses) {
      if (const Status held = uv::hold_socket(address); !held) {
        log_error("listen_failed", {{"address", address.to_text()}, {"error", describe(held.error())}});
        return false;
      }
    }
  }
  parent_.begin();
  return true;
}

bool App::open_files() {
  if (!can_begin()) return false;
  std::string problem;
  const Duration patience = config_.dev == nullptr ? db::DatabaseLock::kPatience : Duration{0};
  if (const Status locked = lock_.take(config_.db, patience); !locked) {
    log_error("database_failed", {{"path", config_.db}, {"error", describe(locked.error())}});
    return false;
  }
  leaving_.watch_lock(config_.db);
  if (!open_dev()) return false;
  Result<std::unique_ptr<Store>> store = Store::open(loop_, config_.db, problem);
  if (!store) {
    log_error("database_failed", {{"path", config_.db}, {"error", problem}});
    return false;
  }
  store_ = std::move(*store);
  store_->set_on_committed(
      [this](const Transaction& transaction, int64_t revision, const std::function<void()>& visible) {
        revision_ = revision;
        // Before it is visible: the answer to who made it tells of its certificate.
        if (certificates_ != nullptr) certificates_->apply(transaction);
        loops_.routes().apply(
            transaction, [this, dropped = machines_to_drop(transaction), times = sets_times(transaction), visible] {
              for (const std::string& machine : dropped) loops_.drop_machine(machine);
              if (times) loops_.look_at_times();
              visible();
            });
        if (admin_ != nullptr) admin_->committed();
      });
  joiner_.start(loop_, *store_);
  loops_.set_joiner(joiner_);
  loops_.prepare();
  return true;
}

void App::on_snapshot(Result<Snapshot> snapshot) {
  if (!snapshot) return fail("database_failed", describe(snapshot.error()));
  const size_t machines = snapshot->machines.size();
  revision_ = snapshot->revision;
  certificates_ = std::make_unique<CertificateService>(loop_, loops_.first().certificates().context());
  if (const std::string problem = certificates_->start(config_, *snapshot); !problem.empty()) {
    return fail("certificates_failed", problem);
  }
  load_index(loops_.routes(), std::move(*snapshot));
  if (!listen() || !listen_admin()) return;
  supervise::close_unused_sockets();
  loops_.start();
  sweep_ = std::make_unique<ExpirySweep>(loop_, *store_);
  uv::release_idle_pages();
  if (!start_dev()) return fail("dev_failed", "the agent inside could not be started");
  notify_.send("READY=1");
  watchdog_.start();
  supervise::signal_when_parent_dies(SIGUSR2);  // whoever is started next is the next process
  log_info("ready", {{"machines", machines}, {"revision", static_cast<long long>(revision_)}});
  leaving_.on_serving();
  if (reload_is_due_) on_hang_up();
}

bool App::listen() {
  std::string problem;
  if (loops_.listen(problem)) return true;
  fail("listen_failed", problem);
  return false;
}

bool App::listen_admin() {
  if (config_.admin.empty()) return true;
  AdminOptions options;
  options.addresses = uv::with_inherited(config_.admin);
  options.token = config_.live.admin_token;
  options.hosts = config_.admin_hosts;
  options.session = config_.admin_session;
  AdminParts parts;
  parts.loop = &loop_;
  parts.store = store_.get();
  parts.routes = &loops_.routes();
  parts.carrier = &loops_.first().carrier();
  parts.loops = &loops_;
  parts.tcp = &loops_.first().tcp();
  parts.book = &loops_.diary().book();
  parts.journal = &loops_.diary().journal();
  parts.certificates = &loops_.first().certificates().context();
  parts.desk = certificates_->desk();
  parts.resolver = &certificates_->resolver();
  parts.resolver_is_said = !config_.acme.resolver.empty();
  const int port = loops_.public_https_port();
  parts.version = INGRESS_VERSION;
  parts.admission_settings = [this] { return AdmissionSettings{config_.live.secrets_dir, config_.live.url_targets}; };
  // A parent that is ending itself starts nobody.
  if (supervised_) parts.ask_for_upgrade = [this] { return parent_.has_parent() && kill(getppid(), SIGUSR2) == 0; };
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

void App::end_now() {
  loop_.stop();
  std::_Exit(exit_code_);
}

void App::on_hang_up() {
  if (dev_ != nullptr) return leaving_.on_signal("SIGHUP");  // its terminal is gone
  loops_.reopen_access_log();
  if (leaving_.begun()) return;
  reload_is_due_ = !loops_.listens();
  if (reload_is_due_) return;
  const tl::expected<Config, std::string> fresh = source_.read_again();
  if (!fresh) return log_error("reload_refused", {{"error", fresh.error()}});
  take(*fresh);
}

void App::take(const Config& fresh) {
  for (const std::string& setting : fixed_differences(config_, fresh)) {
    log_warn("reload_leaves_out", {{"setting", setting}, {"reason", "it changes with a restart or an upgrade"}});
  }
  const bool changed = !(fresh.live == config_.live);
  if (changed) {
    config_.live = fresh.live;
    loops_.set_live(config_.live);
    if (certificates_ != nullptr) certificates_->set_tls_dir(config_.live.tls_dir);
    if (admin_ != nullptr) admin_->set_token(config_.live.admin_token);
  }
  loops_.load_certificates_again(config_.live.tls_dir);
  log_info("reloaded", {{"changed", changed ? "yes" : "no"}});
}

void App::let_go_of_database() {
  admin_.reset();
  certificates_.reset();
  loops_.stop_saving();
  joiner_.stop();
  sweep_.reset();
  store_.reset();
  follow_database();
  lock_.release();
}

// What the next process commits holds for what runs on here, too: a share that is revoked, a machine that is archived.
void App::follow_database() {
  const auto on_changes = [this](const Transaction& transaction, const std::function<void()>& applied) {
    const bool times = sets_times(transaction);
    loops_.routes().apply(transaction, [this, dropped = machines_to_drop(transaction), times, applied] {
      if (times) loops_.look_at_times();
      // Not by LoopSet::drop_machine, which tells the next process.
      for (const auto& worker : loops_.workers()) {
        worker->loop().post([each = worker.get(), dropped] {
          for (const std::string& machine : dropped) each->tunnels().drop_machine(machine);
        });
      }
      applied();
    });
  };
  follower_ = std::make_unique<Follower>(loop_, config_.db, revision_, on_changes);
}

void App::finish() {
  if (dev_ == nullptr) return loop_.stop();
  dev_->stop([this] { loop_.stop(); });
}

}  // namespace

int run(const Config& config, const ConfigSource& source) {
  App app(config, source);
  const int exit_code = app.run();
  log_info("stopped", {});
  return exit_code;
}

}  // namespace ingress::broker
