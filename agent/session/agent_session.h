// One tunnel connection of the agent: HELLO, then streams until it is lost or has run dry. Owned by its slot's client.
// Thread: the loop's.
#pragma once

#include <memory>
#include <string>

#include "agent/session/tunnel_config.h"
#include "common/transport/connection.h"
#include "common/tunnel/session.h"
#include "common/tunnel_link/acknowledgement_watch.h"
#include "common/tunnel_link/connection_sink.h"
#include "common/uv/loop.h"

namespace ingress::agent {

class AgentSession;
class OriginStreams;

// What a session tells its client. on_lost comes once (unless the client itself closed it), on_gone once and last.
class AgentSessionOwner {
 public:
  virtual void on_welcome(AgentSession& session, const tunnel::pb::Welcome& welcome) = 0;
  virtual void on_refused(AgentSession& session, const tunnel::pb::Refused& refused) = 0;
  virtual void on_goaway(AgentSession& session, const tunnel::pb::Goaway& goaway) = 0;
  virtual void on_config(AgentSession& session, const tunnel::pb::Config& config) = 0;
  // No stream runs on it any more and none can come; its connection is still closing.
  virtual void on_lost(AgentSession& session, const Error& error) = 0;
  // The connection is closed: the client buries the session.
  virtual void on_gone(AgentSession& session) = 0;

 protected:
  ~AgentSessionOwner() = default;
};

// A connection's on_drained and a session's are two things: each gets a name of its own.
class TunnelConnectionEvents : public transport::ConnectionHandler {
 public:
  virtual void on_writable() = 0;

 protected:
  ~TunnelConnectionEvents() = default;

 private:
  void on_drained() final { on_writable(); }
};

class TunnelSessionEvents : public tunnel::SessionHandler {
 public:
  virtual void on_run_dry() = 0;

 protected:
  ~TunnelSessionEvents() = default;

 private:
  void on_drained() final { on_run_dry(); }
};

class AgentSession final : public uv::Buryable, private TunnelConnectionEvents, private TunnelSessionEvents {
 public:
  static constexpr Duration kLinger{1000};

  // Sends HELLO with `token`.
  AgentSession(AgentSessionOwner& owner, OriginStreams& streams, std::unique_ptr<transport::Connection> connection,
               const TunnelConfig& config, int slot, const std::string& token, std::string address);
  ~AgentSession() override;

  // GOAWAY: running streams go on, and it closes when the last one is done and the broker can open no more.
  void drain(const std::string& reason);
  // Closes now, without on_lost: running streams are broken off, and a HELLO that waits for its answer is not sent
  // again. on_gone follows.
  void close(const Error& error);
  void tick();
  // Nothing before WELCOME.
  void send_event(const tunnel::pb::Event& event);
  // Tests the way to the broker at once.
  void ping();

  const std::string& address() const { return address_; }
  // As the broker's process calls itself; empty before WELCOME.
  const std::string& broker_id() const { return broker_id_; }
  const tunnel::SessionActivity& activity() const { return session_.activity(); }
  size_t stream_count() const { return session_.stream_count(); }
  // The broker lets another agent have the machine at once where this one is leaving.
  bool may_leave() const { return state_ == State::kServing && takes_leaving_; }
  // Whether streams that were there when it was asked last are there still.
  bool has_lasting_streams();
  Time last_received() const { return session_.last_received(); }
  bool established() const { return session_.established(); }
  Duration round_trip() const { return session_.round_trip(); }
  // As far as it is known: as a PING measured it, and before that no longer than WELCOME took.
  Duration likely_round_trip() const { return round_trip() > Duration{0} ? round_trip() : welcome_took_; }
  Duration reconnect_spread() const { return reconnect_spread_; }

 private:
  enum class State : uint8_t { kHello, kRefused, kServing, kDraining, kClosing };

  void say_hello(const TunnelConfig& config, int slot, const std::string& token);
  void lose(const Error& error);

  // TunnelConnectionEvents
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_writable() override;
  void on_closed(const Error& error) override;
  // TunnelSessionEvents
  void on_welcome(const tunnel::pb::Welcome& welcome) override;
  void on_refused(const tunnel::pb::Refused& refused) override;
  void on_goaway(const tunnel::pb::Goaway& goaway) override;
  void on_config(const tunnel::pb::Config& config) override;
  tunnel::StreamHandler* on_open(tunnel::Stream& stream, const tunnel::OpenHead& open, bool end) override;
  void on_run_dry() override;
  void on_failed(const Error& error) override;

  Time now() const { return connection_->loop().now(); }

  AgentSessionOwner& owner_;
  OriginStreams& streams_;
  std::string address_;
  std::string broker_id_;
  std::unique_ptr<transport::Connection> connection_;
  tunnel_link::ConnectionSink sink_;
  tunnel_link::AcknowledgementWatch acknowledgements_;
  tunnel::Session session_;
  Duration reconnect_spread_{0};
  Time said_hello_;
  Duration welcome_took_{0};
  State state_ = State::kHello;
  uint32_t marked_stream_ = 0;  // the latest one when it was asked for lasting ones
  bool takes_leaving_ = false;
  bool dry_ = false;  // no stream runs; none can come, or the next tunnel has been waited for long enough
};

}  // namespace ingress::agent
