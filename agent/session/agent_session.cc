#include "agent/session/agent_session.h"

#include <utility>

#include "agent/session/origin_streams.h"
#include "proto/tunnel.pb.h"

namespace ingress::agent {
namespace {

constexpr uint32_t kVersion = 1;
constexpr Error kDry{ErrorCode::kClosed, Side::kTunnel, false, 0, "run dry"};

}  // namespace

AgentSession::AgentSession(AgentSessionOwner& owner, OriginStreams& streams,
                           std::unique_ptr<transport::Connection> connection, const TunnelConfig& config, int slot,
                           const std::string& token, std::string address)
    : owner_(owner),
      streams_(streams),
      address_(std::move(address)),
      connection_(std::move(connection)),
      sink_(*connection_),
      session_(tunnel::Role::kAgent, *this, sink_, config.limits, now()),
      said_hello_(now()) {
  connection_->set_handler(this);
  say_hello(config, slot, token);
}

AgentSession::~AgentSession() {
  if (state_ != State::kClosing) session_.lost(Error{ErrorCode::kClosed, Side::kTunnel, false, 0, "the agent ends"});
}

void AgentSession::say_hello(const TunnelConfig& config, int slot, const std::string& token) {
  tunnel::pb::Hello hello;
  hello.add_versions(kVersion);
  hello.set_machine(config.machine);
  hello.set_token(token);
  hello.set_agent_version(config.agent_version);
  hello.set_instance(config.instance);
  for (const std::string& instance : config.supersedes) hello.add_supersedes(instance);
  hello.set_slot(static_cast<uint32_t>(slot));
  hello.set_initial_window_bytes(config.limits.initial_window_bytes);
  for (const auto& [name, value] : config.labels) (*hello.mutable_labels())[name] = value;
  session_.send_hello(hello);
}

void AgentSession::drain(const std::string& reason) {
  if (state_ != State::kServing) return;
  state_ = State::kDraining;
  tunnel::pb::Goaway goaway;
  goaway.set_reason(tunnel::pb::Goaway::SHUTDOWN);
  goaway.set_message(reason);
  session_.send_goaway(goaway);
  // Dry since the grace of a MIGRATE is over, it may still get an OPEN: on_run_dry comes again, with the PONG.
  if (dry_ && session_.no_more_opens()) lose(kDry);
}

void AgentSession::close(const Error& error) {
  if (state_ == State::kClosing) return;
  const bool unanswered = std::exchange(state_, State::kClosing) == State::kHello;
  session_.lost(error);
  // A HELLO that came late, by a network that was away, would replace a newer tunnel of this agent's.
  if (unanswered) return connection_->abort();
  connection_->close_after_flush(kLinger);
}

void AgentSession::lose(const Error& error) {
  if (state_ == State::kClosing) return;
  close(error);
  owner_.on_lost(*this, error);
}

void AgentSession::tick() {
  if (state_ == State::kClosing) return;
  acknowledgements_.look(*connection_, session_, now());
  session_.tick(now());
}

void AgentSession::ping() {
  if (state_ == State::kServing) session_.ping(now());
}

void AgentSession::send_event(const tunnel::pb::Event& event) {
  if (state_ == State::kServing) session_.send_event(event);
}

bool AgentSession::has_lasting_streams() {
  return session_.has_stream_up_to(std::exchange(marked_stream_, session_.latest_stream()));
}

void AgentSession::on_data(MutableBytes bytes) {
  if (state_ != State::kClosing) session_.receive(bytes, now());
}

void AgentSession::on_end() { lose(Error{ErrorCode::kClosed, Side::kTunnel, true, 0, "the broker closed the tunnel"}); }

void AgentSession::on_writable() {
  if (state_ != State::kClosing) session_.on_room();
}

void AgentSession::on_closed(const Error& error) {
  if (state_ != State::kClosing) {
    state_ = State::kClosing;
    session_.lost(error);
    owner_.on_lost(*this, error);
  }
  owner_.on_gone(*this);
}

void AgentSession::on_welcome(const tunnel::pb::Welcome& welcome) {
  if (state_ != State::kHello) return;
  state_ = State::kServing;
  welcome_took_ = now() - said_hello_;
  reconnect_spread_ = Duration{welcome.reconnect_spread_ms()};
  broker_id_ = welcome.broker();
  takes_leaving_ = (welcome.features() & tunnel::kFeatureLeaving) != 0;
  owner_.on_welcome(*this, welcome);
}

void AgentSession::on_refused(const tunnel::pb::Refused& refused) {
  if (state_ != State::kHello) return;
  state_ = State::kRefused;
  owner_.on_refused(*this, refused);
}

void AgentSession::on_goaway(const tunnel::pb::Goaway& goaway) { owner_.on_goaway(*this, goaway); }

void AgentSession::on_config(const tunnel::pb::Config& config) { owner_.on_config(*this, config); }

tunnel::StreamHandler* AgentSession::on_open(tunnel::Stream& stream, const tunnel::OpenHead& open, bool end) {
  dry_ = false;
  return streams_.open(stream, open, end);
}

void AgentSession::on_run_dry() {
  dry_ = true;
  // After a GOAWAY of the broker's alone it stays: the client drains it once the next tunnel serves.
  if (state_ == State::kDraining) lose(kDry);
}

void AgentSession::on_failed(const Error& error) {
  // Every stream has been told already.
  if (state_ == State::kClosing) return;
  state_ = State::kClosing;
  connection_->close_after_flush(kLinger);
  owner_.on_lost(*this, error);
}

}  // namespace ingress::agent
