#include "agent/session/tunnel_set.h"

#include <algorithm>
#include <random>
#include <utility>

#include "agent/session/agent_event.h"
#include "agent/session/instance.h"
#include "common/base/log.h"
#include "common/uv/boot_clock.h"
#include "proto/tunnel.pb.h"

namespace ingress::agent {

TunnelSet::TunnelSet(uv::Loop& loop, const TunnelConfig& config, OriginStreams& streams, uint32_t seed,
                     std::function<void()> on_change, std::function<void()> on_replaced)
    : loop_(loop),
      config_(config),
      on_change_(std::move(on_change)),
      on_replaced_(std::move(on_replaced)),
      addresses_(seed),
      ticker_(loop, [this] { tick(); }),
      network_(loop, [this] { on_network_change(); }),
      network_timer_(loop, [this] {
        network_changed_ = false;
        for (const std::unique_ptr<TunnelClient>& client : clients_) client->network_changed();
      }) {
  network_timer_.unref();
  const auto engine = std::make_shared<std::minstd_rand>(seed);
  const auto random = [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
  for (int slot = 0; slot < config.connections; ++slot) {
    auto& owner = static_cast<TunnelClientOwner&>(*this);
    clients_.push_back(std::make_unique<TunnelClient>(loop, config_, streams, slot, addresses_, random, owner));
  }
}

TunnelSet::~TunnelSet() = default;

void TunnelSet::set_on_config(std::function<void(const tunnel::pb::Config& config)> on_config) {
  on_config_ = std::move(on_config);
}

void TunnelSet::set_on_trouble(std::function<void(const char* code, std::string sentence)> on_trouble) {
  on_trouble_ = std::move(on_trouble);
}

void TunnelSet::set_on_instance(std::function<void(const std::string& instance)> on_instance) {
  on_instance_ = std::move(on_instance);
}

void TunnelSet::on_tunnel_trouble(const char* code, std::string sentence) {
  if (on_trouble_) on_trouble_(code, std::move(sentence));
}

std::vector<TunnelState> TunnelSet::shown() const {
  std::vector<TunnelState> states;
  states.reserve(clients_.size());
  for (const std::unique_ptr<TunnelClient>& client : clients_) states.push_back(client->shown());
  return states;
}

void TunnelSet::tell(const ListeningPorts& listening) {
  ports_event_ = std::make_unique<tunnel::pb::Event>(event_of(listening, ++ports_revision_));
  for (const std::unique_ptr<TunnelClient>& client : clients_) client->send_event(*ports_event_);
}

void TunnelSet::on_tunnel_welcome(TunnelClient& client) {
  if (ports_event_ != nullptr) client.send_event(*ports_event_);
  if (left_.open > 0) client.send_event(event_of(left_));
  if (leaving_) client.send_event(leaving_event());
}

void TunnelSet::start() {
  sleep_watch_.slept(loop_.now(), uv::boot_time());
  ticker_.start(kTick, kTick);
  for (const std::unique_ptr<TunnelClient>& client : clients_) client->start();
}

bool TunnelSet::leave() {
  has_lasting_streams();
  const auto may_leave = [](const std::unique_ptr<TunnelClient>& client) { return client->may_leave(); };
  if (stream_count() == 0 || std::none_of(clients_.begin(), clients_.end(), may_leave)) return false;
  leaving_ = true;
  for (const std::unique_ptr<TunnelClient>& client : clients_) client->send_event(leaving_event());
  return true;
}

bool TunnelSet::has_lasting_streams() {
  bool any = false;
  for (const std::unique_ptr<TunnelClient>& client : clients_) any = client->has_lasting_streams() || any;
  return any;
}

void TunnelSet::drain(std::function<void()> on_closed) {
  on_closed_ = std::move(on_closed);
  for (const std::unique_ptr<TunnelClient>& client : clients_) client->drain();
}

void TunnelSet::close() {
  for (const std::unique_ptr<TunnelClient>& client : clients_) client->close();
}

size_t TunnelSet::serving() const {
  return static_cast<size_t>(std::count_if(
      clients_.begin(), clients_.end(), [](const std::unique_ptr<TunnelClient>& client) { return client->serving(); }));
}

size_t TunnelSet::stream_count() const {
  size_t count = 0;
  for (const std::unique_ptr<TunnelClient>& client : clients_) count += client->stream_count();
  return count;
}

void TunnelSet::tick() {
  const bool slept = sleep_watch_.slept(loop_.now(), uv::boot_time());
  if (slept) log_info("machine_slept", {{"tunnels", serving()}});
  for (const std::unique_ptr<TunnelClient>& client : clients_) {
    if (slept) client->machine_woke();
    client->tick();
  }
  tell_left();
}

// The broker's new process counts what is in use by its own streams; of these only the agent knows.
void TunnelSet::tell_left() {
  LeftStreams left;
  for (const std::unique_ptr<TunnelClient>& client : clients_) {
    const LeftStreams of_client = client->left();
    left.open += of_client.open;
    left.upgraded += of_client.upgraded;
  }
  if (std::exchange(left_, left) == left) return;
  const tunnel::pb::Event event = event_of(left);
  for (const std::unique_ptr<TunnelClient>& client : clients_) client->send_event(event);
}

void TunnelSet::on_network_change() {
  if (std::exchange(network_changed_, true)) return;
  network_timer_.start(kNetworkSettles);
}

void TunnelSet::on_tunnel_change(TunnelClient&) { on_change_(); }

void TunnelSet::on_tunnel_config(const tunnel::pb::Config& config) {
  if (on_config_) on_config_(config);
}

// Later: the client is in the middle of its session's news.
void TunnelSet::on_tunnel_replaced(TunnelClient&) { loop_.defer(on_replaced_); }

// By the next process of this agent, which named this one: on_replaced() has it drained before the task below. Or by a
// clone of the machine, whose process is the same instance. To the broker the two are one agent that dials again: they
// would replace each other's tunnels for ever and share the machine's requests. So who loses one gives up all that it
// has by that instance, which only the other one is from then on, and asks for the machine as an instance that nobody
// knows and that names nobody: it is refused for as long as the other one answers (docs/decisions/0019).
void TunnelSet::on_tunnel_taken(TunnelClient&) {
  config_.instance = new_instance();
  config_.supersedes.clear();
  if (on_instance_) on_instance_(config_.instance);
  loop_.defer([this] {
    for (const std::unique_ptr<TunnelClient>& client : clients_) client->come_as_stranger();
  });
}

void TunnelSet::on_tunnel_closed(TunnelClient&) {
  const bool all = std::all_of(clients_.begin(), clients_.end(),
                               [](const std::unique_ptr<TunnelClient>& client) { return client->closed(); });
  // Later: the caller may be drain() itself, or a session about to be buried.
  if (!all || !on_closed_) return;
  ticker_.stop();
  loop_.defer(std::exchange(on_closed_, nullptr));
}

}  // namespace ingress::agent
