#include "agent/session/tunnel_client.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "agent/session/origin_streams.h"
#include "common/base/log.h"
#include "proto/tunnel.pb.h"

namespace ingress::agent {
namespace {

using tunnel::pb::Goaway;
using tunnel::pb::Refused;

Refusal refusal_of(const Refused& refused) {
  if (refused.code() == Refused::DUPLICATE_MACHINE) return Refusal::kDuplicate;
  return refused.permanent() ? Refusal::kPermanent : Refusal::kTemporary;
}

TunnelClient::State state_of(ConnectStage stage) {
  constexpr TunnelClient::State kStates[] = {TunnelClient::State::kResolving, TunnelClient::State::kConnecting,
                                             TunnelClient::State::kProxy, TunnelClient::State::kHandshake,
                                             TunnelClient::State::kHandshake};
  return kStates[static_cast<size_t>(stage)];
}

}  // namespace

TunnelClient::TunnelClient(uv::Loop& loop, const TunnelConfig& config, OriginStreams& streams, int slot,
                           BrokerAddresses& addresses, std::function<double()> random, TunnelClientOwner& owner)
    : loop_(loop),
      config_(config),
      streams_(streams),
      owner_(owner),
      slot_(slot),
      addresses_(addresses),
      schedule_(std::move(random)),
      attempt_deadline_(loop.deadlines(), *this),
      probe_deadline_(loop.deadlines(), *this),
      retry_timer_(loop, [this] { on_retry_timer(); }) {}

TunnelClient::~TunnelClient() = default;

void TunnelClient::start() { start_attempt(); }

void TunnelClient::start_attempt() {
  state_ = State::kResolving;
  token_refused_ = refused_ = false;
  attempt_began_ = loop_.now();
  attempt_deadline_.arm(loop_.now() + kAttemptTimeout);
  connector_ = std::make_unique<TunnelConnector>(loop_, config_, slot_, addresses_, ways_,
                                                 static_cast<TunnelConnectorOwner&>(*this));
}

void TunnelClient::drop_attempt() {
  attempt_deadline_.cancel();
  retry_timer_.stop();
  if (connector_ != nullptr) loop_.bury(std::move(connector_));
  if (pending_ == nullptr) return;
  std::exchange(pending_, nullptr)->close(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "given up"});
}

void TunnelClient::drain() {
  if (ending_) return;
  ending_ = true;
  drop_attempt();
  state_ = State::kDraining;
  if (current_ != nullptr) current_->drain("the agent is shutting down");
  check_closed();
}

void TunnelClient::close() {
  drain();
  const Error error{ErrorCode::kClosed, Side::kTunnel, false, 0, "the agent is shutting down"};
  for (const std::unique_ptr<AgentSession>& session : sessions_) session->close(error);
  if (std::exchange(current_, nullptr) != nullptr) owner_.on_tunnel_change(*this);
}

void TunnelClient::tick() {
  for (size_t i = 0; i < sessions_.size(); ++i) sessions_[i]->tick();
}

// The broker's refusal stands, whatever happened to the machine.
bool TunnelClient::may_dial_anew() const { return !ending_ && reported_refusals_ == 0; }

void TunnelClient::dial_anew() {
  drop_attempt();
  start_attempt();
}

void TunnelClient::machine_woke() {
  if (may_dial_anew()) dial_anew();
}

void TunnelClient::network_changed() {
  if (!may_dial_anew()) return;
  if (attempting() && loop_.now() - attempt_began_ < young_attempt_) return;
  if (current_ == nullptr) {
    if (attempting()) young_attempt_ = std::min(2 * young_attempt_, kAttemptTimeout);
    return dial_anew();
  }
  current_->ping();
  probed_at_ = loop_.now();
  probe_deadline_.arm(probed_at_ + probe_limit(current_->likely_round_trip()));
}

void TunnelClient::come_as_stranger() {
  if (ending_) return;
  const bool only_waits = state_ == State::kWaiting && !refused_;
  if (pending_ != nullptr || only_waits) dial_anew();  // a HELLO that is under way has named the instance before
  if (state_ == State::kServing) wait(schedule_.after_loss(loop_.now(), Duration{0}));
  if (current_ != nullptr) current_->drain("another agent has the machine");
}

void TunnelClient::send_event(const tunnel::pb::Event& event) {
  if (current_ != nullptr) current_->send_event(event);
}

TunnelState TunnelClient::shown() const {
  TunnelState state;
  state.slot = slot_;
  if (current_ == nullptr) return state;
  state.up = true;
  state.address = current_->address();
  state.broker_id = current_->broker_id();
  state.since = up_since_;
  state.round_trip = current_->round_trip();
  return state;
}

LeftStreams TunnelClient::left() const {
  LeftStreams left;
  if (current_ == nullptr) return left;
  for (const std::unique_ptr<AgentSession>& session : sessions_) {
    if (session->broker_id().empty() || session->broker_id() == current_->broker_id()) continue;
    left.open += session->activity().open;
    left.upgraded += session->activity().upgraded;
  }
  return left;
}

size_t TunnelClient::stream_count() const {
  size_t count = 0;
  for (const std::unique_ptr<AgentSession>& session : sessions_) count += session->stream_count();
  return count;
}

bool TunnelClient::has_lasting_streams() {
  bool any = false;
  for (const std::unique_ptr<AgentSession>& session : sessions_) any = session->has_lasting_streams() || any;
  return any;
}

bool TunnelClient::first_report(ErrorCode code) {
  const uint64_t bit = uint64_t{1} << static_cast<unsigned>(code);
  return (std::exchange(reported_errors_, reported_errors_ | bit) & bit) == 0;
}

void TunnelClient::fail_attempt(const ConnectFailure& failure) {
  attempt_deadline_.cancel();
  const Duration pause = schedule_.after_failure(loop_.now());
  const std::string sentence = sentence_of(failure, config_);
  owner_.on_tunnel_trouble("tunnel_unreachable", config_.broker.authority() + ": " + sentence);
  // Each cause is logged once an outage; the retries are silent.
  const bool first = first_report(failure.error.code);
  log(first ? LogLevel::kWarn : LogLevel::kDebug, "tunnel_unreachable",
      {{"slot", slot_},
       {"broker", config_.broker.authority()},
       {"address", failure.address},
       {"error", sentence},
       {"attempt", schedule_.failures()},
       {"retry_ms", static_cast<long long>(pause.count())}});
  wait(pause);
}

void TunnelClient::wait(Duration duration) {
  state_ = State::kWaiting;
  settle_place();
  retry_at_ = loop_.now() + duration;
  retry_timer_.start(token_refused_ ? std::min(duration, kTokenLook) : duration);
}

void TunnelClient::on_retry_timer() {
  const Duration left = retry_at_ - loop_.now();
  if (!token_refused_ || left <= Duration{0} || token_changed()) return start_attempt();
  retry_timer_.start(std::min(left, kTokenLook));
}

bool TunnelClient::token_changed() const {
  const auto token = config_.token.read();
  return token && *token != last_token_;
}

std::string TunnelClient::read_token() {
  auto token = config_.token.read();
  if (token) {
    last_token_ = std::move(*token);
  } else {
    // A file that is being replaced: the token that was good before may still be.
    log_warn("token_unreadable", {{"slot", slot_}, {"error", token.error()}});
  }
  return last_token_;
}

void TunnelClient::on_stage(ConnectStage stage) { state_ = state_of(stage); }

void TunnelClient::on_connected(std::unique_ptr<transport::Connection> connection, const std::string& address) {
  loop_.bury(std::move(connector_));
  state_ = State::kHello;
  sessions_.push_back(std::make_unique<AgentSession>(static_cast<AgentSessionOwner&>(*this), streams_,
                                                     std::move(connection), config_, slot_, read_token(), address));
  pending_ = sessions_.back().get();
}

void TunnelClient::on_connect_failed(const ConnectFailure& failure) {
  loop_.bury(std::move(connector_));
  fail_attempt(failure);
}

void TunnelClient::on_deadline(Deadline& deadline) {
  if (&deadline == &probe_deadline_) {
    const bool silent = current_ != nullptr && current_->last_received() < probed_at_;
    if (silent && may_dial_anew() && !attempting()) dial_anew();
    return;
  }
  const Error late{ErrorCode::kTimeout, Side::kTunnel, true, 0, "no WELCOME in time"};
  if (connector_ != nullptr) return connector_->give_up(late);
  const std::string address = pending_ != nullptr ? pending_->address() : "";
  addresses_.failed(slot_, address);
  drop_attempt();
  fail_attempt({ConnectStage::kAnswer, late, address});
}

void TunnelClient::on_welcome(AgentSession& session, const tunnel::pb::Welcome& welcome) {
  attempt_deadline_.cancel();
  schedule_.up(loop_.now());
  addresses_.start_over(slot_);
  reported_errors_ = reported_refusals_ = 0;
  young_attempt_ = kYoungAttempt;
  pending_ = nullptr;
  up_since_ = std::time(nullptr);
  AgentSession* const old = std::exchange(current_, &session);
  state_ = State::kServing;
  const bool upgraded = ways_.first(session.address(), loop_.now()) == TunnelWay::kUpgrade;
  log_info("tunnel_up", {{"slot", slot_},
                         {"broker", welcome.broker()},
                         {"address", session.address()},
                         {"way", upgraded ? "upgrade" : "alpn"},
                         {"machine", config_.machine}});
  owner_.on_tunnel_welcome(*this);
  if (old != nullptr) {
    old->drain("migrated");
    limit_old_sessions();
    return;
  }
  owner_.on_tunnel_change(*this);
}

// One more comes at a time. What closes already counts until it is gone, and is the first to be closed.
void TunnelClient::limit_old_sessions() {
  if (sessions_.size() <= kMostOldSessions + 1) return;
  AgentSession& session = least_needed();
  if (session.stream_count() > 0) {
    log_warn("tunnel_cut", {{"slot", slot_},
                            {"broker", session.broker_id()},
                            {"address", session.address()},
                            {"streams", session.stream_count()},
                            {"reason", "too many tunnels run dry"}});
  }
  session.close(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "too many tunnels running dry"});
}

AgentSession& TunnelClient::least_needed() const {
  AgentSession* oldest = nullptr;
  for (const std::unique_ptr<AgentSession>& session : sessions_) {
    if (session.get() == current_) continue;
    if (session->stream_count() == 0) return *session;
    if (oldest == nullptr) oldest = session.get();
  }
  return *oldest;
}

void TunnelClient::settle_place() { addresses_.set_place(slot_, current_ != nullptr ? current_->address() : ""); }

void TunnelClient::on_refused(AgentSession& session, const Refused& refused) {
  if (&session != pending_) return;
  const Refusal refusal = refusal_of(refused);
  const Duration pause = schedule_.after_refusal(loop_.now(), refusal, Duration{refused.retry_after_ms()});
  const uint64_t bit = uint64_t{1} << (static_cast<unsigned>(refused.code()) & 63);
  const bool first = (std::exchange(reported_refusals_, reported_refusals_ | bit) & bit) == 0;
  const LogLevel level = refusal == Refusal::kPermanent ? LogLevel::kError : LogLevel::kWarn;
  owner_.on_tunnel_trouble("tunnel_refused", refused.message());
  log(first ? level : LogLevel::kDebug, "tunnel_refused",
      {{"slot", slot_},
       {"machine", config_.machine},
       {"code", Refused::Code_IsValid(refused.code()) ? Refused::Code_Name(refused.code()) : std::string("UNKNOWN")},
       {"reason", refused.message()},
       {"permanent", refused.permanent() ? "true" : "false"},
       {"retry_ms", static_cast<long long>(pause.count())}});
  addresses_.failed(slot_, session.address());
  drop_attempt();
  token_refused_ = refused.code() == Refused::BAD_TOKEN;
  refused_ = true;
  wait(pause);
  if (refusal == Refusal::kDuplicate) owner_.on_tunnel_replaced(*this);
}

void TunnelClient::on_goaway(AgentSession& session, const Goaway& goaway) {
  if (&session != current_ || ending_ || attempting() || state_ == State::kWaiting) return;
  log_info("tunnel_goaway",
           {{"slot", slot_}, {"reason", Goaway::Reason_Name(goaway.reason())}, {"message", goaway.message()}});
  if (goaway.reason() == Goaway::REPLACED) {
    owner_.on_tunnel_replaced(*this);
    owner_.on_tunnel_taken(*this);
  } else {
    wait(schedule_.after_loss(loop_.now(), session.reconnect_spread()));
  }
}

// What an old session still brings may be older than what the new one has brought.
void TunnelClient::on_config(AgentSession& session, const tunnel::pb::Config& config) {
  if (&session == current_) owner_.on_tunnel_config(config);
}

void TunnelClient::on_lost(AgentSession& session, const Error& error) {
  if (&session == pending_) {
    pending_ = nullptr;
    addresses_.failed(slot_, session.address());
    fail_attempt({ConnectStage::kAnswer, error, session.address()});
    return;
  }
  if (&session != current_) return;
  current_ = nullptr;
  if (!attempting()) settle_place();
  if (!ending_) owner_.on_tunnel_trouble("tunnel_down", session.address() + ": " + describe(error));
  log(ending_ ? LogLevel::kInfo : LogLevel::kWarn, "tunnel_down",
      {{"slot", slot_}, {"address", session.address()}, {"error", describe(error)}});
  // A broker that went away with it may be back at once: what waits after failures at its side begins anew.
  const bool backs_off = state_ == State::kWaiting && schedule_.failures() > 0 && !refused_;
  if (!ending_ && !attempting() && (state_ != State::kWaiting || backs_off)) {
    wait(schedule_.after_loss(loop_.now(), session.reconnect_spread()));
  }
  owner_.on_tunnel_change(*this);
}

void TunnelClient::on_gone(AgentSession& session) {
  const auto found =
      std::find_if(sessions_.begin(), sessions_.end(),
                   [&session](const std::unique_ptr<AgentSession>& each) { return each.get() == &session; });
  if (found == sessions_.end()) return;
  loop_.bury(std::move(*found));
  sessions_.erase(found);
  check_closed();
}

void TunnelClient::check_closed() {
  if (closed()) owner_.on_tunnel_closed(*this);
}

}  // namespace ingress::agent
