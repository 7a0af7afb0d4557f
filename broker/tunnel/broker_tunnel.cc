#include "broker/tunnel/broker_tunnel.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <utility>

#include "common/base/hex.h"
#include "common/base/log.h"
#include "proto/tunnel.pb.h"

namespace ingress::broker {
namespace {

constexpr uint32_t kVersion = 1;
constexpr size_t kNotSentLowatBytes = size_t{128} * 1024;
constexpr size_t kInstanceBytes = 16;
constexpr uint32_t kMostSlot = INT32_MAX;
constexpr int kMostSuperseded = 64;

struct RefusalInfo {
  tunnel::pb::Refused::Code code;
  const char* message;
  bool permanent;
  uint32_t retry_after_ms;
};

const RefusalInfo& refusal_info(TunnelRefusal why) {
  using tunnel::pb::Refused;
  static constexpr std::array<RefusalInfo, 9> kInfos = {{
      {Refused::BAD_TOKEN, "the token is not one of this machine's (a join token makes new machines alone)", true, 0},
      {Refused::UNKNOWN_MACHINE, "no machine of that id, nor a join token with uses and time left that makes one", true,
       0},
      {Refused::UNSUPPORTED_VERSION, "this broker speaks protocol version 1", true, 0},
      {Refused::DUPLICATE_MACHINE, "another agent holds this machine and answers", false, 5000},
      {Refused::MACHINE_ARCHIVED, "the machine is archived", false, 5000},
      {Refused::BROKER_BUSY, "the broker takes no more tunnels now", false, 1000},
      {Refused::BAD_HELLO, "the HELLO is malformed", true, 0},
      {Refused::BROKER_BUSY, "the machine is being made: come again", false, 300},
      {Refused::UNKNOWN_MACHINE, "the machine cannot be made by this join token", true, 0},
  }};
  return kInfos[static_cast<size_t>(why)];
}

tunnel::pb::Goaway::Reason wire_reason(GoawayReason reason) {
  using tunnel::pb::Goaway;
  constexpr std::array kReasons = {Goaway::SHUTDOWN, Goaway::REPLACED, Goaway::MIGRATE, Goaway::CLOSED_BY_OPERATOR};
  return kReasons[static_cast<size_t>(reason)];
}

// docs/protocol.md, section 3.
bool is_well_formed(const tunnel::pb::Hello& hello) {
  const auto is_good = [](const std::string& other) { return other.empty() || other.size() == kInstanceBytes; };
  return hello.instance().size() == kInstanceBytes && hello.slot() <= kMostSlot &&
         hello.supersedes_size() <= kMostSuperseded &&
         std::all_of(hello.supersedes().begin(), hello.supersedes().end(), is_good);
}

}  // namespace

BrokerTunnel::BrokerTunnel(BrokerTunnelOwner& owner, std::string id, std::unique_ptr<transport::Connection> connection,
                           const RegistryOptions& options)
    : owner_(owner),
      options_(options),
      id_(std::move(id)),
      peer_(connection->peer().to_text()),
      connection_(std::move(connection)),
      sink_(std::make_unique<tunnel_link::ConnectionSink>(*connection_)),
      session_(std::make_unique<tunnel::Session>(tunnel::Role::kBroker, *this, *sink_, options.limits, now())),
      hello_deadline_(connection_->loop().deadlines(), *this) {
  connection_->set_handler(this);
  connection_->set_notsent_lowat(kNotSentLowatBytes);
  connection_->resume_read();
  hello_deadline_.arm(now() + options.hello_timeout);
}

BrokerTunnel::~BrokerTunnel() = default;

void BrokerTunnel::on_data(MutableBytes bytes) {
  if (state_ != State::kClosing) session_->receive(bytes, now());
}

void BrokerTunnel::on_end() {
  close(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "the agent closed the tunnel"});
}

void BrokerTunnel::on_connection_room() { session_->on_room(); }

void BrokerTunnel::on_closed(const Error& error) {
  if (state_ != State::kClosing) {
    begin_closing(error);
    owner_.on_draining(*this);
    // Clients are told of it; which call it was is for the log.
    Error told = error;
    told.context = "the tunnel broke off";
    session_->lost(told);
  }
  // A connection that this side closed says no more of why.
  owner_.on_gone(*this, end_);
}

void BrokerTunnel::on_hello(const tunnel::pb::Hello& hello) {
  machine_ = hello.machine();
  agent_version_ = hello.agent_version().substr(0, 64);
  if (!is_well_formed(hello)) {
    refuse(TunnelRefusal::kBadHello);
    return;
  }
  instance_ = to_hex(hello.instance());
  slot_ = static_cast<int>(hello.slot());
  if (std::find(hello.versions().begin(), hello.versions().end(), kVersion) == hello.versions().end()) {
    refuse(TunnelRefusal::kUnsupportedVersion);
    return;
  }
  state_ = State::kChecking;
  std::vector<std::string> supersedes;
  for (const std::string& other : hello.supersedes()) {
    if (!other.empty()) supersedes.push_back(to_hex(other));
  }
  owner_.on_hello(*this, hello.token(), supersedes);
}

void BrokerTunnel::welcome() {
  tunnel::pb::Welcome message;
  message.set_version(kVersion);
  message.set_broker(options_.broker_id);
  message.set_initial_window_bytes(options_.limits.initial_window_bytes);
  message.set_max_streams(options_.limits.max_streams);
  message.set_ping_idle_ms(static_cast<uint32_t>(options_.limits.ping_idle.count()));
  message.set_ping_busy_timeout_ms(static_cast<uint32_t>(options_.limits.ping_busy_timeout.count()));
  message.set_ping_idle_timeout_ms(static_cast<uint32_t>(options_.limits.ping_idle_timeout.count()));
  message.set_reconnect_spread_ms(static_cast<uint32_t>(options_.reconnect_spread.count()));
  message.set_features(tunnel::kFeatureLeaving);
  session_->send_welcome(message);
  hello_deadline_.cancel();
  state_ = State::kServing;
  connected_at_ = std::time(nullptr);
}

void BrokerTunnel::tell(const tunnel::pb::Config& config, size_t hash) {
  if (state_ != State::kServing || std::exchange(told_, hash) == hash) return;
  session_->send_config(config);
}

void BrokerTunnel::refuse(TunnelRefusal why, const std::string& detail) {
  const RefusalInfo& info = refusal_info(why);
  const std::string sentence = detail.empty() ? info.message : std::string(info.message) + ": " + detail;
  log_warn("tunnel_refused", {{"machine", machine_}, {"peer", peer_}, {"instance", instance_}, {"reason", sentence}});
  tunnel::pb::Refused message;
  message.set_code(info.code);
  message.set_message(sentence);
  message.set_permanent(info.permanent);
  message.set_retry_after_ms(info.retry_after_ms);
  session_->send_refused(message);
  begin_closing(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "refused"});
  hello_deadline_.cancel();
  session_->lost(end_);
  connection_->close_after_flush();
}

void BrokerTunnel::drain(GoawayReason reason) {
  if (state_ != State::kServing) {
    if (state_ != State::kDraining) close(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "not wanted any more"});
    return;
  }
  state_ = State::kDraining;
  tunnel::pb::Goaway message;
  message.set_reason(wire_reason(reason));
  session_->send_goaway(message);
  if (session_->stream_count() == 0) on_session_drained();
}

void BrokerTunnel::migrate() {
  if (state_ != State::kServing) return drain(GoawayReason::kMigrate);
  tunnel::pb::Goaway message;
  message.set_reason(wire_reason(GoawayReason::kMigrate));
  session_->send_goaway(message);
}

void BrokerTunnel::close(const Error& error) {
  if (state_ == State::kClosing) return;
  begin_closing(error);
  hello_deadline_.cancel();
  owner_.on_draining(*this);
  session_->lost(error);
  connection_->close_after_flush(Duration{1000});
}

void BrokerTunnel::ping() { session_->ping(now()); }

void BrokerTunnel::tick() {
  if (state_ != State::kServing && state_ != State::kDraining) return;
  acknowledgements_.look(*connection_, *session_, now());
  session_->tick(now());
}

tunnel::Stream* BrokerTunnel::open(const tunnel::OpenHead& head, bool end, tunnel::StreamHandler* handler, Error& why) {
  return session_->open(head, end, handler, now(), why);
}

bool BrokerTunnel::takes_streams() const {
  return state_ == State::kServing && session_->latest_stream() < options_.limits.last_stream_id;
}

void BrokerTunnel::on_goaway(const tunnel::pb::Goaway& goaway) {
  if (state_ != State::kServing) return;
  state_ = State::kDraining;
  log_info("tunnel_draining", {{"machine", machine_}, {"tunnel", id_}, {"message", goaway.message()}});
  owner_.on_draining(*this);
  if (session_->stream_count() == 0) on_session_drained();
}

void BrokerTunnel::on_pong(Duration) { owner_.on_pong(*this); }

void BrokerTunnel::on_event(const tunnel::pb::Event& event) { owner_.on_event(*this, event); }

void BrokerTunnel::on_session_drained() {
  if (state_ == State::kDraining) close(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "drained"});
}

void BrokerTunnel::on_failed(const Error& error) {
  log_warn("tunnel_failed", {{"machine", machine_}, {"tunnel", id_}, {"peer", peer_}, {"error", describe(error)}});
  if (state_ == State::kClosing) return;
  begin_closing(error);
  hello_deadline_.cancel();
  owner_.on_draining(*this);
  connection_->close_after_flush(Duration{1000});
}

void BrokerTunnel::begin_closing(const Error& error) {
  was_drained_ = state_ == State::kDraining;
  end_ = error;
  state_ = State::kClosing;
}

void BrokerTunnel::on_deadline(Deadline&) {
  log_info("tunnel_silent", {{"peer", peer_}, {"reason", "no HELLO in time"}});
  close(Error{ErrorCode::kTimeout, Side::kTunnel, false, 0, "no HELLO in time"});
}

bool BrokerTunnel::take_activity(int64_t unix_now, ActivityNews& news) {
  const tunnel::SessionActivity& is = session_->activity();
  const tunnel::SessionActivity was = std::exchange(taken_, is);
  if (is == was) return false;
  const auto unix_time = [this, unix_now](Time time) {
    return time == Time{} ? int64_t{0} : unix_now - (now() - time).count();
  };
  news.last_request = unix_time(is.last_begun);
  news.last_active = std::max(news.last_request, unix_time(is.last_ended));
  news.open = int64_t{is.open} - was.open;
  news.interactive = int64_t{is.upgraded} - was.upgraded;
  return true;
}

TunnelInfo BrokerTunnel::info() const {
  TunnelInfo info;
  info.id = id_;
  info.machine = machine_;
  info.instance = instance_;
  info.slot = slot_;
  info.peer = peer_;
  info.agent_version = agent_version_;
  info.connected_at = connected_at_;
  info.streams = session_->stream_count();
  info.received_bytes = session_->received_bytes();
  info.sent_bytes = session_->sent_bytes();
  info.round_trip_ms = static_cast<double>(session_->round_trip().count());
  info.draining = state_ == State::kDraining;
  return info;
}

}  // namespace ingress::broker
