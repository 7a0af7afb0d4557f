#include "broker/tunnel/tunnel_registry.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

#include "broker/tunnel/broker_tunnel.h"
#include "broker/tunnel/fresh_watcher.h"
#include "broker/tunnel/machine_directory.h"
#include "broker/tunnel/port_event.h"
#include "common/base/log.h"
#include "common/base/text_hash.h"
#include "common/tls/digest.h"
#include "common/uv/resident_memory.h"
#include "common/uv/timer.h"
#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

constexpr Duration kTick{1000};
constexpr size_t kStorm = 100;

constexpr Error kNoTunnel{ErrorCode::kMachineUnavailable, Side::kTunnel, true, 0, "no tunnel of the machine is up"};
constexpr Error kHolderSilent{ErrorCode::kTimeout, Side::kTunnel, false, 0,
                              "silent while another agent asked for the machine"};

}  // namespace

// Tunnels of one newcomer that wait for the holders of their machine to answer a PING, or not to.
struct Contest {
  std::vector<BrokerTunnel*> newcomers;  // never empty, of one instance
  std::unique_ptr<uv::Timer> timer;
  bool answered = false;  // by the holder

  const std::string& instance() const { return newcomers.front()->instance(); }
};

struct TunnelRegistry::Impl final : BrokerTunnelOwner {
  Impl(uv::Loop& event_loop, RegistryOptions registry_options, TunnelAuthority& route_authority,
       MachineDirectory* machine_directory, size_t loop_number)
      : loop(event_loop),
        options(std::move(registry_options)),
        authority(route_authority),
        directory(machine_directory),
        self(loop_number),
        ticker(event_loop, [this] { tick(); }) {
    ticker.start(kTick, kTick);
    ticker.unref();
  }

  void on_hello(BrokerTunnel& tunnel, std::string_view token, const std::vector<std::string>& supersedes) override;
  void on_pong(BrokerTunnel& tunnel) override;
  void on_event(BrokerTunnel& tunnel, const tunnel::pb::Event& event) override;
  void on_draining(BrokerTunnel& tunnel) override { remove_serving(tunnel); }
  void on_gone(BrokerTunnel& tunnel, const Error& error) override;

  void tick();
  void tell_activity(BrokerTunnel& tunnel) const;
  void give_back_memory();
  bool enter(BrokerTunnel& tunnel) const;
  void accept(BrokerTunnel& tunnel);
  void tell_config(std::string_view machine, const std::vector<BrokerTunnel*>& to);
  void start_contest(BrokerTunnel& newcomer);
  void end_contest(const std::string& machine);
  void add_serving(BrokerTunnel& tunnel);
  void remove_serving(BrokerTunnel& tunnel);
  void forget_serving(std::string_view machine);
  // The least loaded tunnel of the machine that takes streams; nullptr where none does.
  BrokerTunnel* least_loaded(std::string_view machine) const;
  BrokerTunnel* find(std::string_view id);
  std::vector<BrokerTunnel*> all() const;
  void drop(std::string_view machine, const std::function<bool(const BrokerTunnel&)>& goes);
  void check_drained();
  void count_end(const BrokerTunnel& tunnel);

  uv::Loop& loop;
  RegistryOptions options;
  TunnelAuthority& authority;
  MachineDirectory* directory;
  size_t self;
  std::unique_ptr<FreshWatcher> watcher;
  uv::Timer ticker;
  std::unique_ptr<uv::Timer> grace_timer;
  std::unordered_map<BrokerTunnel*, std::unique_ptr<BrokerTunnel>> tunnels;
  // Tunnels that take new streams, by machine.
  TextMap<std::vector<BrokerTunnel*>> serving;
  TextMap<Contest> contests;
  std::function<void()> on_drained;
  TunnelCounts counts;
  uint64_t next_id = 1;
  size_t counted = 0;  // tunnels at the last tick
  size_t changed = 0;  // tunnels that came and went since memory was given back
  bool draining = false;
};

void TunnelRegistry::Impl::tick() {
  give_back_memory();
  for (BrokerTunnel* tunnel : all()) {
    if (!tunnels.contains(tunnel)) continue;
    tell_activity(*tunnel);
    tunnel->tick();
  }
}

void TunnelRegistry::Impl::tell_activity(BrokerTunnel& tunnel) const {
  using std::chrono::system_clock;
  const auto unix_now = std::chrono::duration_cast<Duration>(system_clock::now().time_since_epoch()).count();
  ActivityNews news;
  if (watcher != nullptr && tunnel.take_activity(unix_now, news)) watcher->on_activity(tunnel.machine(), news);
}

// Handshakes by the hundred leave memory behind that no idle tunnel needs: it goes back once the storm is over.
void TunnelRegistry::Impl::give_back_memory() {
  const size_t count = tunnels.size();
  if (count != counted) {
    changed += count > counted ? count - counted : counted - count;
    counted = count;
  } else if (changed >= kStorm) {
    changed = 0;
    uv::release_idle_pages();
  }
}

std::vector<BrokerTunnel*> TunnelRegistry::Impl::all() const {
  std::vector<BrokerTunnel*> result;
  result.reserve(tunnels.size());
  for (const auto& [key, owned] : tunnels) result.push_back(key);
  return result;
}

void TunnelRegistry::Impl::on_hello(BrokerTunnel& tunnel, std::string_view token,
                                    const std::vector<std::string>& supersedes) {
  switch (authority.check(tunnel.machine(), token)) {
    case TunnelAuthority::Verdict::kBadToken:
      return tunnel.refuse(TunnelRefusal::kBadToken);
    case TunnelAuthority::Verdict::kUnknownMachine:
      return tunnel.refuse(TunnelRefusal::kUnknownMachine);
    case TunnelAuthority::Verdict::kArchived:
      return tunnel.refuse(TunnelRefusal::kMachineArchived);
    case TunnelAuthority::Verdict::kJoining:
      return tunnel.refuse(TunnelRefusal::kJoining);
    case TunnelAuthority::Verdict::kJoinRefused:
      return tunnel.refuse(TunnelRefusal::kJoinRefused, authority.join_problem(tunnel.machine(), token));
    case TunnelAuthority::Verdict::kGood:
      break;
  }
  if (draining || !enter(tunnel)) return tunnel.refuse(TunnelRefusal::kBusy);
  tunnel.set_token_sha256(tls::sha256_hex(token));
  const auto found = serving.find(tunnel.machine());
  const std::vector<BrokerTunnel*> holders = found == serving.end() ? std::vector<BrokerTunnel*>{} : found->second;
  bool contested = false;
  for (BrokerTunnel* holder : holders) {
    if (holder->instance() == tunnel.instance()) {
      if (holder->slot() != tunnel.slot()) continue;
    } else if (!holder->leaving() &&
               std::find(supersedes.begin(), supersedes.end(), holder->instance()) == supersedes.end()) {
      contested = true;
      continue;
    }
    remove_serving(*holder);
    holder->drain(GoawayReason::kReplaced);
  }
  if (contested) {
    start_contest(tunnel);
  } else {
    accept(tunnel);
  }
}

// False where the machine is another loop's: a HELLO that could not be read before it came here, or a token that was
// not good yet. Its next attempt goes there.
bool TunnelRegistry::Impl::enter(BrokerTunnel& tunnel) const {
  if (directory == nullptr || !tunnel.entered().empty()) return true;
  if (directory->enter(tunnel.machine()) != self) {
    directory->leave(tunnel.machine());
    return false;
  }
  tunnel.set_entered(tunnel.machine());
  return true;
}

void TunnelRegistry::Impl::accept(BrokerTunnel& tunnel) {
  // Whom others were held against is not the holder any more.
  const auto contest = contests.find(tunnel.machine());
  if (contest != contests.end() && contest->second.instance() != tunnel.instance()) {
    contest->second.answered = true;
    end_contest(std::string(tunnel.machine()));
  }
  tunnel.welcome();
  ++counts.opened;
  add_serving(tunnel);
  if (watcher != nullptr) watcher->on_tunnel_up(tunnel.info());
  tell_config(tunnel.machine(), {&tunnel});
  log_info("tunnel_up", {{"machine", tunnel.machine()},
                         {"tunnel", tunnel.id()},
                         {"peer", tunnel.peer()},
                         {"instance", tunnel.instance()},
                         {"slot", tunnel.slot()}});
}

void TunnelRegistry::Impl::tell_config(std::string_view machine, const std::vector<BrokerTunnel*>& to) {
  tunnel::pb::Config config;
  if (!authority.config_of(machine, config)) return;
  const size_t hash = std::hash<std::string>{}(config.SerializeAsString());
  for (BrokerTunnel* tunnel : to) tunnel->tell(config, hash);
}

void TunnelRegistry::Impl::start_contest(BrokerTunnel& newcomer) {
  const auto [entry, fresh] = contests.try_emplace(newcomer.machine());
  if (!fresh && entry->second.instance() != newcomer.instance()) {
    return newcomer.refuse(TunnelRefusal::kDuplicateMachine);
  }
  for (BrokerTunnel* waiting : entry->second.newcomers) {
    if (waiting->slot() == newcomer.slot()) waiting->drain(GoawayReason::kReplaced);
  }
  entry->second.newcomers.push_back(&newcomer);
  if (!fresh) return;  // another slot of who waits already
  const std::string& machine = newcomer.machine();
  entry->second.timer = std::make_unique<uv::Timer>(loop, [this, machine] { end_contest(machine); });
  entry->second.timer->start(options.holder_timeout);
  for (BrokerTunnel* holder : serving.find(machine)->second) holder->ping();
}

void TunnelRegistry::Impl::end_contest(const std::string& machine) {
  const auto found = contests.find(machine);
  if (found == contests.end()) return;
  Contest contest = std::move(found->second);
  // The timer may be the caller: it dies later.
  loop.defer([timer = std::shared_ptr<uv::Timer>(std::move(contest.timer))] {});
  contests.erase(found);
  // One that failed meanwhile has still to close.
  std::erase_if(contest.newcomers,
                [](const BrokerTunnel* newcomer) { return newcomer->state() != BrokerTunnel::State::kChecking; });
  const auto holders = serving.find(machine);
  const bool leaves = holders != serving.end() && std::any_of(holders->second.begin(), holders->second.end(),
                                                              [](const auto* holder) { return holder->leaving(); });
  if (contest.answered && !leaves) {
    for (BrokerTunnel* newcomer : contest.newcomers) newcomer->refuse(TunnelRefusal::kDuplicateMachine);
    return;
  }
  if (contest.newcomers.empty()) return;
  if (holders != serving.end()) {
    const std::vector<BrokerTunnel*> before = std::move(holders->second);
    forget_serving(contest.newcomers.front()->machine());
    for (BrokerTunnel* holder : before) {
      leaves ? holder->drain(GoawayReason::kReplaced) : holder->close(kHolderSilent);
    }
  }
  for (BrokerTunnel* newcomer : contest.newcomers) accept(*newcomer);
}

void TunnelRegistry::Impl::on_pong(BrokerTunnel& tunnel) {
  const auto found = contests.find(tunnel.machine());
  if (found == contests.end() || tunnel.instance() == found->second.instance()) return;
  // Later: this is the holder's own callback, and it may have to drain. The time may be over in this very turn, after a
  // standstill of the whole process.
  found->second.answered = true;
  loop.defer([this, machine = tunnel.machine()] {
    // It may have ended meanwhile, and another one begun.
    const auto answered = contests.find(machine);
    if (answered != contests.end() && answered->second.answered) end_contest(machine);
  });
}

// Of a tunnel that serves: an agent that has been replaced knows another machine's ports, or old ones.
void TunnelRegistry::Impl::on_event(BrokerTunnel& tunnel, const tunnel::pb::Event& event) {
  if (event.leaving()) {
    tunnel.set_leaving();
    // Who asked before that was known has the machine now.
    on_pong(tunnel);
  }
  const auto found = serving.find(tunnel.machine());
  if (watcher == nullptr || found == serving.end()) return;
  if (std::find(found->second.begin(), found->second.end(), &tunnel) == found->second.end()) return;
  if (event.has_ports()) watcher->on_ports(tunnel.machine(), machine_ports_of(event, tunnel.instance()));
  if (event.has_left()) watcher->on_left(tunnel.machine(), {event.left().open(), event.left().upgraded()});
}

void TunnelRegistry::Impl::add_serving(BrokerTunnel& tunnel) {
  std::vector<BrokerTunnel*>& tunnels_of_machine = serving[tunnel.machine()];
  const bool served = std::any_of(tunnels_of_machine.begin(), tunnels_of_machine.end(),
                                  [](const BrokerTunnel* other) { return other->takes_streams(); });
  tunnels_of_machine.push_back(&tunnel);
  if (directory != nullptr) directory->set_serving(tunnel.machine(), true);
  if (watcher == nullptr || served || !watcher->expect_up(tunnel.machine())) return;
  // Not from inside the session that has just been welcomed.
  loop.defer([this, machine = std::string(tunnel.machine())] { watcher->on_machine_up(machine); });
}

void TunnelRegistry::Impl::remove_serving(BrokerTunnel& tunnel) {
  const auto found = serving.find(tunnel.machine());
  if (found == serving.end()) return;
  std::erase(found->second, &tunnel);
  if (found->second.empty()) forget_serving(tunnel.machine());
}

void TunnelRegistry::Impl::forget_serving(std::string_view machine) {
  serving.erase(serving.find(machine));
  if (directory != nullptr) directory->set_serving(machine, false);
  if (watcher != nullptr) watcher->on_machine_down(machine);
}

BrokerTunnel* TunnelRegistry::Impl::least_loaded(std::string_view machine) const {
  const auto found = serving.find(machine);
  if (found == serving.end()) return nullptr;
  BrokerTunnel* least = nullptr;
  for (BrokerTunnel* tunnel : found->second) {
    if (!tunnel->takes_streams()) continue;
    if (least == nullptr || tunnel->stream_count() < least->stream_count()) least = tunnel;
  }
  return least;
}

void TunnelRegistry::Impl::on_gone(BrokerTunnel& tunnel, const Error& error) {
  remove_serving(tunnel);
  if (const auto contest = contests.find(tunnel.machine()); contest != contests.end()) {
    std::vector<BrokerTunnel*>& newcomers = contest->second.newcomers;
    if (std::erase(newcomers, &tunnel) != 0) {
      if (newcomers.empty()) contests.erase(contest);
    } else if (!serving.contains(tunnel.machine())) {
      contest->second.answered = false;
      end_contest(std::string(tunnel.machine()));
    }
  }
  if (tunnel.was_up()) {
    count_end(tunnel);
    log_info("tunnel_down", {{"machine", tunnel.machine()}, {"tunnel", tunnel.id()}, {"reason", describe(error)}});
    tell_activity(tunnel);
    const bool connected = serving.contains(tunnel.machine());
    if (watcher != nullptr) watcher->on_tunnel_down(tunnel.info(), error.context, connected);
  }
  if (!tunnel.entered().empty()) directory->leave(tunnel.entered());
  const auto found = tunnels.find(&tunnel);
  assert(found != tunnels.end());
  loop.bury(std::move(found->second));
  tunnels.erase(found);
  check_drained();
}

void TunnelRegistry::Impl::count_end(const BrokerTunnel& tunnel) {
  const ErrorCode code = tunnel.end().code;
  if (tunnel.was_drained()) {
    ++counts.drained;
  } else if (code == ErrorCode::kTimeout) {
    ++counts.timed_out;
  } else if (code == ErrorCode::kClosed) {
    ++counts.closed;
  } else if (code == ErrorCode::kForbidden) {
    ++counts.withdrawn;
  } else {
    ++counts.broken;
  }
}

BrokerTunnel* TunnelRegistry::Impl::find(std::string_view id) {
  for (const auto& [key, owned] : tunnels) {
    if (key->id() == id) return key;
  }
  return nullptr;
}

void TunnelRegistry::Impl::check_drained() {
  if (!tunnels.empty() || !on_drained) return;
  grace_timer.reset();
  std::exchange(on_drained, nullptr)();
}

TunnelRegistry::TunnelRegistry(uv::Loop& loop, RegistryOptions options, TunnelAuthority& authority,
                               MachineDirectory* directory, size_t self)
    : impl_(std::make_unique<Impl>(loop, std::move(options), authority, directory, self)) {}

TunnelRegistry::~TunnelRegistry() = default;

void TunnelRegistry::set_reconnect_spread(Duration spread) { impl_->options.reconnect_spread = spread; }

void TunnelRegistry::set_watcher(MachineWatcher& watcher) {
  impl_->watcher = std::make_unique<FreshWatcher>(
      watcher, [impl = impl_.get()](std::string_view machine) { return impl->serving.contains(machine); });
}

void TunnelRegistry::adopt(std::unique_ptr<transport::Connection> connection) { adopt(std::move(connection), {}, {}); }

void TunnelRegistry::adopt(std::unique_ptr<transport::Connection> connection, MutableBytes begun, std::string entered) {
  // Ids of several loops count in steps.
  const uint64_t step = impl_->directory == nullptr ? 1 : impl_->directory->loops();
  const uint64_t number = impl_->next_id++ * step + impl_->self;
  auto created =
      std::make_unique<BrokerTunnel>(*impl_, "tn_" + std::to_string(number), std::move(connection), impl_->options);
  BrokerTunnel* key = created.get();
  impl_->tunnels.emplace(key, std::move(created));
  key->set_entered(std::move(entered));
  if (!begun.empty()) key->take(begun);
}

tunnel::Stream* TunnelRegistry::open(std::string_view machine, const tunnel::OpenHead& head, bool end,
                                     tunnel::StreamHandler* handler, Error& why) {
  // All have the same limit: where the least loaded one is full the others are.
  if (BrokerTunnel* const least = impl_->least_loaded(machine)) return least->open(head, end, handler, why);
  why = kNoTunnel;
  return nullptr;
}

bool TunnelRegistry::connected(std::string_view machine) const { return impl_->serving.contains(machine); }
bool TunnelRegistry::draining() const { return impl_->draining; }
size_t TunnelRegistry::tunnel_count() const { return impl_->counts.opened - impl_->counts.ended(); }
const TunnelCounts& TunnelRegistry::counts() const { return impl_->counts; }
size_t TunnelRegistry::machine_count() const { return impl_->serving.size(); }

std::vector<TunnelInfo> TunnelRegistry::list() const {
  std::vector<TunnelInfo> result;
  for (const BrokerTunnel* tunnel : impl_->all()) {
    if (tunnel->state() == BrokerTunnel::State::kServing || tunnel->state() == BrokerTunnel::State::kDraining) {
      result.push_back(tunnel->info());
      result.back().loop = impl_->self;
    }
  }
  return result;
}

bool TunnelRegistry::close(std::string_view id) {
  BrokerTunnel* tunnel = impl_->find(id);
  if (tunnel == nullptr) return false;
  impl_->remove_serving(*tunnel);
  tunnel->drain(GoawayReason::kClosedByOperator);
  return true;
}

void TunnelRegistry::drop_machine(std::string_view machine) {
  impl_->drop(machine, [this](const BrokerTunnel& tunnel) {
    return !impl_->authority.still_opens(tunnel.machine(), tunnel.token_sha256());
  });
}

void TunnelRegistry::drop_all_of(std::string_view machine) {
  impl_->drop(machine, [](const BrokerTunnel&) { return true; });
}

void TunnelRegistry::Impl::drop(std::string_view machine, const std::function<bool(const BrokerTunnel&)>& goes) {
  for (BrokerTunnel* tunnel : all()) {
    if (tunnel->machine() != machine || !goes(*tunnel)) continue;
    remove_serving(*tunnel);
    tunnel->close(Error{ErrorCode::kForbidden, Side::kTunnel, false, 0, "the machine's access was withdrawn"});
  }
}

void TunnelRegistry::tell_config(std::string_view machine) {
  const auto found = impl_->serving.find(machine);
  if (found != impl_->serving.end()) impl_->tell_config(machine, found->second);
}

void TunnelRegistry::tell_all_configs() {
  for (const auto& [machine, tunnels] : impl_->serving) impl_->tell_config(machine, tunnels);
}

void TunnelRegistry::migrate() {
  impl_->draining = true;
  for (BrokerTunnel* tunnel : impl_->all()) tunnel->migrate();
}

void TunnelRegistry::drain(Duration grace, std::function<void()> on_done) {
  impl_->draining = true;
  impl_->on_drained = std::move(on_done);
  for (BrokerTunnel* tunnel : impl_->all()) tunnel->drain(GoawayReason::kShutdown);
  impl_->grace_timer = std::make_unique<uv::Timer>(impl_->loop, [this] {
    for (BrokerTunnel* tunnel : impl_->all()) {
      tunnel->close(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "the broker is shutting down"});
    }
  });
  impl_->grace_timer->start(grace);
  impl_->check_drained();
}

}  // namespace ingress::broker
