#include "broker/loop_set.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <iterator>
#include <random>
#include <utility>

#include "common/base/after_calls.h"
#include "common/base/log.h"
#include "common/tls/digest.h"
#include "common/uv/inherited_fds.h"
#include "common/uv/inherited_sockets.h"
#include "common/uv/resident_memory.h"

namespace ingress::broker {
namespace {

// Beside the database: which machines were connected lately. Written while it changes.
constexpr const char* kRecentSuffix = ".recent";
constexpr Duration kSaveInterval{1000};
constexpr Duration kIdleInterval{1000};
constexpr Duration kMemoryInterval{100};

// Checked when the settings were read.
BrokerPolicies broker_policies(const LiveSettings& live) {
  std::string problem;
  Policy defaults = parse_policy(live.policy, problem).value_or(Policy());
  if (!defaults.auth) {
    defaults.auth = parse_auth(live.default_auth, problem).value_or(AuthRule::of(Auth::kDeny));
    defaults.set_text(with_auth(live.policy, live.default_auth));
  }
  return {std::make_shared<const Policy>(std::move(defaults)), load_policy(live.enforce)};
}

WakeSettings wake_settings(const LiveSettings& live) { return {live.wake_secret, live.url_targets}; }

// In [0, 1).
std::function<double()> random_numbers() {
  uint32_t seed = 0;
  std::memcpy(&seed, tls::random_bytes(sizeof seed).data(), sizeof seed);
  return [engine = std::mt19937(seed)]() mutable { return std::uniform_real_distribution<double>(0, 1)(engine); };
}

RoutingOptions routing_options(const Config& config) { return {config.domains, broker_policies(config.live)}; }

}  // namespace

LoopSet::LoopSet(const Config& config)
    : config_(config), memory_(config.memory_budget_bytes), handshakes_(config.handshake_rate) {
  const bool several = config.loops > 1;
  if (several) directory_ = std::make_unique<MachineDirectory>(config.loops);
  RouteTable::WhenPassed passing;
  if (several) passing = [this](std::function<void()> passed) { when_passed(std::move(passed)); };
  routes_ = std::make_unique<RouteTable>(routing_options(config), std::move(passing));
  parts_ = {&config,
            routes_.get(),
            directory_.get(),
            &recent_,
            &diary_,
            nullptr,
            &memory_,
            config.handshake_rate > 0 ? &handshakes_ : nullptr,
            "br_" + tls::sha256_hex(tls::random_bytes(16)).substr(0, 12),
            nullptr};
  if (config.dev != nullptr) {
    landing_ = std::make_unique<dev::Landing>(*config.dev, diary_.book());
    parts_.landing = landing_.get();
  }
  std::vector<Worker*> all;
  for (size_t number = 0; number < config.loops; ++number) {
    workers_.push_back(std::make_unique<Worker>(parts_, number));
    all.push_back(workers_.back().get());
  }
  waker_ = std::make_unique<Waker>(loop(), wake_settings(config.live), random_numbers());
  parts_.waker = waker_.get();
  if (several) {
    for (const auto& worker : workers_) worker->connect(all);
  }
  make_generations();
  make_config_news();
}

// Each loop looks for its own machines among them.
void LoopSet::make_config_news() {
  ConfigNews::Parts parts;
  parts.wanted = [this](const std::string& machine) { return connected(machine); };
  parts.tell = [this](const std::vector<std::string>& machines) {
    everywhere([machines](Worker& worker) { worker.tell_configs(machines); });
  };
  parts.tell_all = [this] { everywhere([](Worker& worker) { worker.tell_all_configs(); }); };
  config_news_ = std::make_unique<ConfigNews>(loop(), std::move(parts));
  routes_->set_on_news([this](const std::vector<MachineNews>& news) {
    diary_.news(news);
    config_news_->take(news);
  });
}

void LoopSet::make_generations() {
  const auto on_up = [this](const std::vector<std::string>& machines) {
    everywhere([machines](Worker& worker) { worker.wake(machines); });
  };
  const auto on_drop = [this](const std::string& machine) {
    everywhere([machine](Worker& worker) { worker.tunnels().drop_all_of(machine); });
  };
  generations_ = std::make_unique<Generations>(loop(), first().carrier(), recent_, on_up, on_drop);
  for (const auto& worker : workers_) worker->set_generations(*generations_);
}

void LoopSet::set_joiner(MachineJoiner& joiner) {
  for (const auto& worker : workers_) worker->set_joiner(joiner);
}

LoopSet::~LoopSet() { stop(); }

void LoopSet::save_recent() {
  const bool saved = recent_.save(config_.db + kRecentSuffix, loop().now(), std::time(nullptr));
  if (!saved && !save_failed_) log_warn("recent_machines_not_saved", {{"path", config_.db + kRecentSuffix}});
  save_failed_ = !saved;
}

void LoopSet::look_at_memory() {
  const size_t used = uv::used_memory_bytes();
  if (!memory_.note(used)) return;
  log_warn(memory_.exceeded() ? "memory_budget_exceeded" : "memory_budget_kept",
           {{"used_bytes", std::to_string(used)}, {"budget_bytes", std::to_string(memory_.bytes())}});
}

bool LoopSet::open_files() { return open_access_log() && load_certificates(); }

void LoopSet::prepare() {
  if (memory_.limited()) {
    memory_timer_ = std::make_unique<uv::Timer>(loop(), [this] { look_at_memory(); });
    memory_timer_->start(kMemoryInterval, kMemoryInterval);
    memory_timer_->unref();
  }
  recent_.load(config_.db + kRecentSuffix, loop().now(), std::time(nullptr));
  save_timer_ = std::make_unique<uv::Timer>(loop(), [this] { save_recent(); });
  save_timer_->start(kSaveInterval, kSaveInterval);
  save_timer_->unref();
  idle_timer_ = std::make_unique<uv::Timer>(loop(), [this] { diary_.look_for_idle(); });
  idle_timer_->start(kIdleInterval, kIdleInterval);
  idle_timer_->unref();
}

bool LoopSet::open_access_log() {
  if (config_.access_log.empty()) return true;
  Result<std::unique_ptr<AccessLogFile>> file = AccessLogFile::open(config_.access_log);
  if (!file) {
    log_error("access_log_failed", {{"path", config_.access_log}, {"error", describe(file.error())}});
    return false;
  }
  access_log_ = std::move(*file);
  for (const auto& worker : workers_) worker->open_access_log(*access_log_);
  return true;
}

bool LoopSet::load_certificates() {
  Result<std::unique_ptr<TicketKeySource>> tickets = TicketKeySource::inherit_or_make(loop());
  if (!tickets) {
    log_error("ticket_keys_failed", {{"error", describe(tickets.error())}});
    return false;
  }
  tickets_ = std::move(*tickets);
  return std::all_of(workers_.begin(), workers_.end(),
                     [this](const auto& worker) { return worker->load_certificates(tickets_->keys()).has_value(); });
}

Status LoopSet::listen(std::string& problem) {
  for (const auto& worker : workers_) worker->make_front();
  const FrontOptions places{uv::with_inherited(config_.http), uv::with_inherited(config_.https)};
  if (const Status bound = first().front().listen(places, problem); !bound) return bound;
  for (const auto& worker : workers_) worker->set_https_port(public_https_port());
  for (size_t number = 1; number < workers_.size(); ++number) {
    // Its thread does not run yet.
    const Status listening = workers_[number]->front().listen(first().front().share_listeners());
    if (!listening) {
      problem = "cannot listen on another loop: " + describe(listening.error());
      return listening;
    }
  }
  return {};
}

int LoopSet::public_https_port() {
  if (config_.public_https_port != 0) return config_.public_https_port;
  return first().front().https_addresses().front().port;
}

void LoopSet::start() {
  for (size_t number = 1; number < workers_.size(); ++number) workers_[number]->start();
  generations_->begin(uv::take_inherited_fds(Generations::kVariable));
}

void LoopSet::set_live(const LiveSettings& live) {
  routes_->set_policies(broker_policies(live));
  waker_->set(wake_settings(live));
  everywhere([live](Worker& worker) { worker.set_live(live); });
}

void LoopSet::load_certificates_again(const std::string& folder) {
  everywhere([folder](Worker& worker) { worker.load_certificates_again(folder); });
}

void LoopSet::everywhere(const std::function<void(Worker&)>& task) {
  for (const auto& owned : workers_) {
    Worker* const worker = owned.get();
    if (worker == workers_.front().get()) {
      task(*worker);
    } else {
      worker->loop().post([worker, task] { task(*worker); });
    }
  }
}

void LoopSet::until_all(const std::function<void(Worker&, std::function<void()>)>& task, std::function<void()> done) {
  // Called on the first loop alone.
  const std::function<void()> one_done = after_calls(workers_.size(), std::move(done));
  uv::Loop* const home = &loop();
  everywhere([this, task, home, one_done](Worker& worker) {
    if (&worker == &first()) return task(worker, one_done);
    task(worker, [home, one_done] { home->post(one_done); });
  });
}

template <class Answer>
void LoopSet::ask_all(const std::function<Answer(Worker&)>& ask, std::function<void(std::vector<Answer>)> on_done) {
  const auto answers = std::make_shared<std::vector<Answer>>(workers_.size());
  until_all(
      [this, ask, answers](Worker& worker, const std::function<void()>& done) {
        const auto same = [&worker](const auto& owned) { return owned.get() == &worker; };
        const auto place = std::find_if(workers_.begin(), workers_.end(), same) - workers_.begin();
        (*answers)[static_cast<size_t>(place)] = ask(worker);
        done();
      },
      [answers, on_done = std::move(on_done)] { on_done(std::move(*answers)); });
}

// A posted task runs between two callbacks, where nobody holds what a callback has read.
void LoopSet::when_passed(std::function<void()> passed) {
  until_all([](Worker&, const std::function<void()>& done) { done(); }, std::move(passed));
}

void LoopSet::reopen_access_log() {
  if (access_log_ == nullptr) return;
  const auto flushed = [](Worker& worker, const std::function<void()>& done) {
    worker.observer().access_log()->flush();
    done();
  };
  until_all(flushed, [this] { static_cast<void>(access_log_->reopen()); });
}

void LoopSet::look_what_is_under_way(Duration age, std::function<void(UnderWay)> on_done) {
  if (generations_->is_linked()) return on_done(UnderWay::kLasting);
  ask_all<UnderWay>([age](Worker& worker) { return worker.under_way(age); },
                    [on_done = std::move(on_done)](const std::vector<UnderWay>& of_loops) {
                      on_done(*std::max_element(of_loops.begin(), of_loops.end()));
                    });
}

// What one loop has accepted may be on its way to another one, which is not through before that has come.
void LoopSet::drain_clients(std::function<void()> done) {
  until_all([](Worker& worker, std::function<void()> one) { worker.stop_accepting(std::move(one)); },
            [this, done = std::move(done)] {
              until_all([](Worker& worker, std::function<void()> one) { worker.drain_clients(std::move(one)); }, done);
            });
}

void LoopSet::cut_clients() {
  everywhere([](Worker& worker) { worker.cut_clients(); });
}

void LoopSet::stop_saving() {
  save_recent();
  save_timer_.reset();
}

void LoopSet::migrate_tunnels() {
  // Behind what every loop was told before.
  when_passed([this] { everywhere([](Worker& worker) { worker.tunnels().migrate(); }); });
}

void LoopSet::drain_tunnels(Duration grace, Duration relayed_grace, std::function<void()> done) {
  if (generations_->drain() > 0) grace = std::max(grace, relayed_grace);
  until_all([grace](Worker& worker, std::function<void()> one) { worker.drain_tunnels(grace, std::move(one)); },
            [this, done = std::move(done)] { generations_->close(done); });
}

void LoopSet::stop() {
  for (const auto& worker : workers_) worker->stop();
  if (std::exchange(save_timer_, nullptr) != nullptr) save_recent();
}

bool LoopSet::connected(std::string_view machine) const {
  if (directory_ == nullptr) return workers_.front()->tunnels().connected(machine);
  return directory_->serving_loop(machine).has_value();
}

void LoopSet::list_tunnels(std::function<void(std::vector<TunnelInfo>)> on_done) {
  using Tunnels = std::vector<TunnelInfo>;
  ask_all<Tunnels>([](Worker& worker) { return worker.tunnels().list(); },
                   [on_done = std::move(on_done)](std::vector<Tunnels> each) {
                     Tunnels all;
                     for (Tunnels& some : each) std::move(some.begin(), some.end(), std::back_inserter(all));
                     on_done(std::move(all));
                   });
}

void LoopSet::close_tunnel(std::string_view id, std::function<void(bool)> on_done) {
  ask_all<char>([id = std::string(id)](Worker& worker) { return static_cast<char>(worker.tunnels().close(id)); },
                [on_done = std::move(on_done)](const std::vector<char>& closed) {
                  on_done(std::find(closed.begin(), closed.end(), 1) != closed.end());
                });
}

void LoopSet::drop_machine(std::string_view machine) {
  everywhere([machine = std::string(machine)](Worker& worker) { worker.tunnels().drop_machine(machine); });
  generations_->drop_machine(machine);
}

void LoopSet::look_at_times() {
  everywhere([](Worker& worker) { worker.look_at_times(); });
}

void LoopSet::count(std::function<void(std::vector<LoopCounts>)> on_done) {
  ask_all<LoopCounts>([](Worker& worker) { return worker.counts(); }, std::move(on_done));
}

BrokerCounts LoopSet::broker_counts() const {
  const uint64_t lost = access_log_ == nullptr ? 0 : access_log_->lost_lines();
  return {waker_->counts().woken, waker_->counts().failed, lost};
}

void LoopSet::list_traffic(std::function<void(std::vector<MachineRow>)> on_done) {
  using Rows = std::vector<MachineRow>;
  ask_all<Rows>(
      [](Worker& worker) { return worker.observer().machines(); },
      [on_done = std::move(on_done)](std::vector<Rows> of_loops) { on_done(merge_rows(std::move(of_loops))); });
}

void LoopSet::add_tap(std::shared_ptr<ExchangeTap> tap) {
  everywhere([tap = std::move(tap)](Worker& worker) { worker.observer().add(tap); });
}

void LoopSet::remove_tap(std::shared_ptr<ExchangeTap> tap) {
  everywhere([tap = std::move(tap)](Worker& worker) { worker.observer().remove(tap); });
}

}  // namespace ingress::broker
