#include "broker/worker.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "broker/dev/dev_config.h"
#include "common/base/after_calls.h"
#include "common/base/signals.h"
#include "common/tls/tls_session.h"
#include "common/transport/connection.h"
#include "common/uv/file_limit.h"

namespace ingress::broker {
namespace {

// What this loop's tunnels may be granted: its part of what the process is ready to hold.
uint64_t credit_bytes(const Config& config) {
  constexpr size_t kMost = size_t{256} * 1024 * 1024;
  const size_t budget = config.memory_budget_bytes;
  return (budget == 0 ? kMost : std::min(kMost, budget / 2)) / config.loops;
}

RegistryOptions registry_options(const WorkerParts& parts, tunnel::CreditBudget& credit) {
  RegistryOptions options;
  options.limits.shared_budget = &credit;
  options.broker_id = parts.broker_id;
  options.reconnect_spread = parts.config->live.reconnect_spread;
  return options;
}

// What the broker opens beside connections (the database, certificates, another access log) has room above it.
int descriptor_limit(const Config& config) {
  constexpr int kReserve = 64;
  const int most = std::max(uv::file_limit() - kReserve, kReserve);
  if (config.max_connections == 0) return most;
  return std::min(most, uv::lowest_free_descriptor() + config.max_connections);
}

server::ConnectionOptions connection_options(const LiveSettings& live) {
  server::ConnectionOptions options;
  options.head_timeout = live.head_timeout;
  options.keep_alive_timeout = live.keep_alive_timeout;
  options.exchange_timeout = live.exchange_timeout;
  return options;
}

AdmissionSettings admission_settings(const LiveSettings& live) { return {live.secrets_dir, live.url_targets}; }

ParkingLimits parking_limits(const LiveSettings& live) { return {live.park_requests, live.park_head_bytes}; }

}  // namespace

Worker::Worker(const WorkerParts& parts, size_t number)
    : parts_(parts),
      number_(number),
      credit_(credit_bytes(*parts.config)),
      certificates_(loop_, parts.config->live.tls_dir, number == 0),
      access_(*parts.routes),
      tunnels_(loop_, registry_options(parts, credit_), access_, parts.directory, number),
      parking_(loop_, parking_limits(parts.config->live)),
      observer_(loop_) {
  tunnels_.set_watcher(*this);
  if (parts.directory != nullptr) crossing_ = std::make_unique<Crossing>(loop_, number, tunnels_);
  carrier_ = std::make_unique<Carrier>(tunnels_, parts.directory, crossing_.get());
  tcp_ = std::make_unique<tcp::TcpConnects>(loop_, *parts.routes, *carrier_);
}

Worker::~Worker() = default;

void Worker::connect(const std::vector<Worker*>& all) {
  all_ = all;
  std::vector<Crossing*> crossings;
  crossings.reserve(all.size());
  for (Worker* worker : all) crossings.push_back(worker->crossing_.get());
  crossing_->connect(std::move(crossings));
}

void Worker::make_front() {
  const Config& config = *parts_.config;
  admission_ = std::make_unique<Admission>(loop_, *parts_.routes, admission_settings(config.live));
  forwarder_ = std::make_unique<Forwarder>(loop_, *parts_.routes, *admission_, *carrier_,
                                           Waiting{parking_, *parts_.recent, *parts_.waker, config.live.park},
                                           *parts_.memory, observer_);
  forwarder_->set_book(parts_.diary->book());
  make_acceptors();
  front_ = std::make_unique<Front>(loop_, &certificates_.context(), tunnels_, *clear_, *secure_,
                                   connection_options(config.live));
  front_->set_limits({descriptor_limit(config), parts_.handshakes});
  set_proxies(config.live.proxies);
  if (parts_.directory != nullptr) make_doors();
}

void Worker::make_acceptors() {
  const Config& config = *parts_.config;
  server::RequestAcceptor* requests = forwarder_.get();
  if (config.dev != nullptr) {
    dev_front_ = std::make_unique<dev::DevFront>(loop_, config.dev->choice, *parts_.landing, *forwarder_);
    requests = dev_front_.get();
  }
  redirect_ = std::make_unique<Redirect>(config.acme_webroot, config.https.front().port, *requests);
  challenges_ = std::make_unique<ChallengesThen>(config.acme_webroot, *requests);
  clear_choice_ = std::make_unique<ClearChoice>(*parts_.routes, *redirect_, *challenges_,
                                                config.serve_clear ? HttpMode::kServe : HttpMode::kRedirect);
  const auto welcome = [this](std::unique_ptr<transport::Connection> connection) {
    front_->welcome_tunnel(std::move(connection));
  };
  clear_tunnels_ = std::make_unique<TunnelUpgrades>(*clear_choice_, welcome);
  secure_tunnels_ = std::make_unique<TunnelUpgrades>(*requests, welcome);
  clear_ = std::make_unique<ProxiedRequests>(*clear_tunnels_);
  secure_ = std::make_unique<ProxiedRequests>(*secure_tunnels_);
}

void Worker::set_proxies(const proxies::ProxySettings& settings) {
  front_->set_proxies(settings);
  clear_->set(settings.trusted);
  secure_->set(settings.trusted);
}

void Worker::set_generations(Generations& generations) {
  generations_ = &generations;
  carrier_->set_others(generations);
  if (crossing_ != nullptr && number_ == 0) crossing_->set_others(generations);
}

void Worker::wake(const std::vector<std::string>& machines) {
  for (const std::string& machine : machines) {
    parts_.waker->came(machine, loop_.now());
    parking_.machine_up(machine);
  }
}

void Worker::tell_configs(const std::vector<std::string>& machines) {
  for (const std::string& machine : machines) tunnels_.tell_config(machine);
}

void Worker::set_https_port(int port) {
  access_.set_https_port(port);
  redirect_->set_https_port(port);
}

// Requests of any loop's clients may wait for it.
void Worker::on_machine_up(const std::string& machine) {
  parts_.recent->came(machine);
  parts_.waker->came(machine, loop_.now());
  if (generations_ != nullptr) generations_->machine_changed(machine);
  if (all_.empty()) return parking_.machine_up(machine);
  for (Worker* worker : all_) {
    worker->loop_.post([worker, machine] { worker->parking_.machine_up(machine); });
  }
}

void Worker::on_machine_down(std::string_view machine) {
  parts_.recent->went(machine, loop_.now());
  parts_.diary->machine_down(machine);
  if (generations_ != nullptr) generations_->machine_changed(machine);
}

void Worker::on_tunnel_down(const TunnelInfo& tunnel, std::string_view reason, bool connected) {
  parts_.diary->tunnel_down(tunnel, reason, connected);
}

void Worker::on_ports(std::string_view machine, MachinePorts ports) { parts_.diary->ports(machine, std::move(ports)); }

void Worker::on_activity(std::string_view machine, const ActivityNews& news) { parts_.diary->activity(machine, news); }

void Worker::make_doors() {
  lobby_ =
      std::make_unique<TunnelLobby>(loop_, number_, *parts_.directory, access_, tunnels_,
                                    [this](size_t loop, HandedTunnel tunnel) { hand_tunnel(loop, std::move(tunnel)); });
  intake_ = std::make_unique<ClientIntake>(
      loop_, number_, *parts_.routes, *parts_.directory,
      [this](std::unique_ptr<uv::Socket> socket, bool tls) { front_->serve(std::move(socket), tls); },
      [this](size_t loop, HandedClient client) { hand_client(loop, std::move(client)); });
  front_->set_doors(*intake_, *lobby_);
}

void Worker::hand_client(size_t loop, HandedClient client) {
  Worker* const to = all_[loop];
  to->loop_.post(
      [to, client = std::make_shared<HandedClient>(std::move(client))] { to->take_client(std::move(*client)); });
}

void Worker::hand_tunnel(size_t loop, HandedTunnel tunnel) {
  Worker* const to = all_[loop];
  to->loop_.post(
      [to, tunnel = std::make_shared<HandedTunnel>(std::move(tunnel))] { to->take_tunnel(std::move(*tunnel)); });
}

void Worker::take_client(HandedClient client) {
  Result<std::unique_ptr<uv::Socket>> socket = uv::Socket::adopt(loop_, std::move(client.fd));
  if (!socket) return;
  if (client.peer) (*socket)->tell_peer(*client.peer);
  (*socket)->unread(std::move(client.begun));
  front_->serve(std::move(*socket), client.tls);
}

void Worker::take_tunnel(HandedTunnel tunnel) {
  Result<std::unique_ptr<uv::Socket>> socket = uv::Socket::adopt(loop_, std::move(tunnel.connection.fd));
  if (!socket || tunnels_.draining()) return parts_.directory->leave(tunnel.machine);
  if (tunnel.connection.peer) (*socket)->tell_peer(*tunnel.connection.peer);
  auto connection = std::make_unique<transport::Connection>(loop_, std::move(*socket), std::move(tunnel.connection.tls),
                                                            Side::kClient);
  connection->start();
  tunnels_.adopt(std::move(connection), tunnel.begun.mutable_view(), std::move(tunnel.machine));
}

void Worker::set_live(const LiveSettings& live) {
  tunnels_.set_reconnect_spread(live.reconnect_spread);
  parking_.set_limits(parking_limits(live));
  forwarder_->set_park(live.park);
  admission_->set(admission_settings(live));
  front_->set_options(connection_options(live));
  set_proxies(live.proxies);
}

void Worker::look_at_times() {
  if (forwarder_ != nullptr) forwarder_->look_at_times();
}

LoopCounts Worker::counts() const {
  LoopCounts counts;
  if (front_ != nullptr) counts.clients = front_->client_count();
  if (front_ != nullptr) counts.connections = front_->counts();
  if (forwarder_ != nullptr) counts.exchanges = forwarder_->running();
  counts.ended_tunnels = tunnels_.counts();
  counts.traffic = observer_.counts();
  counts.machines = tunnels_.machine_count();
  counts.tunnels = tunnels_.tunnel_count();
  counts.streams = carrier_->opened();
  counts.parked = parking_.waiting();
  if (crossing_ != nullptr) counts.crossing_streams = crossing_->opened();
  return counts;
}

UnderWay Worker::under_way(Duration age) const {
  if (tcp_->open() > 0 || forwarder_->has_lasting(age)) return UnderWay::kLasting;
  return forwarder_->running() > 0 ? UnderWay::kExchanges : UnderWay::kNothing;
}

void Worker::stop_accepting(std::function<void()> settled) { front_->stop_accepting(std::move(settled)); }

void Worker::drain_clients(std::function<void()> done) {
  const std::function<void()> one_done = after_calls(2, std::move(done));
  front_->drain(one_done);
  tcp_->drain(one_done);
}

void Worker::cut_clients() {
  front_->close_all();
  tcp_->close_all();
}

void Worker::drain_tunnels(Duration grace, std::function<void()> done) {
  if (lobby_ != nullptr) lobby_->close_all();
  tunnels_.drain(grace, std::move(done));
}

void Worker::start() {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

void Worker::run() {
  pthread_setname_np(pthread_self(), ("loop-" + std::to_string(number_)).c_str());
  loop_.run_until_stopped();
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] { loop_.stop(); });
  thread_.join();
}

}  // namespace ingress::broker
