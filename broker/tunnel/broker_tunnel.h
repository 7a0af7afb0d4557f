// One tunnel connection of the broker: the handshake of section 5, then streams. Owned by the registry.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/tunnel/tunnel_registry.h"
#include "common/base/deadline.h"
#include "common/transport/connection.h"
#include "common/tunnel/session.h"
#include "common/tunnel_link/acknowledgement_watch.h"
#include "common/tunnel_link/connection_sink.h"

namespace ingress::broker {

class BrokerTunnel;

// What a tunnel tells its registry.
class BrokerTunnelOwner {
 public:
  // HELLO came; the owner answers by welcome(), refuse(), or later.
  virtual void on_hello(BrokerTunnel& tunnel, std::string_view token, const std::vector<std::string>& supersedes) = 0;
  virtual void on_pong(BrokerTunnel& tunnel) = 0;
  virtual void on_event(BrokerTunnel& tunnel, const tunnel::pb::Event& event) = 0;
  // It takes no more streams: the agent wants none, or it is about to close.
  virtual void on_draining(BrokerTunnel& tunnel) = 0;
  // Closed: the owner forgets it (and buries it).
  virtual void on_gone(BrokerTunnel& tunnel, const Error& error) = 0;

 protected:
  ~BrokerTunnelOwner() = default;
};

enum class TunnelRefusal : uint8_t {
  kBadToken,
  kUnknownMachine,
  kUnsupportedVersion,
  kDuplicateMachine,
  kMachineArchived,
  kBusy,
  kBadHello,
  kJoining,
  kJoinRefused,
};

enum class GoawayReason : uint8_t { kShutdown, kReplaced, kMigrate, kClosedByOperator };

// A connection and a session both have an on_drained, which mean different things: two names.
class TunnelConnectionEvents : public transport::ConnectionHandler {
 public:
  virtual void on_connection_room() = 0;

 protected:
  ~TunnelConnectionEvents() = default;

 private:
  void on_drained() final { on_connection_room(); }
};

class TunnelSessionEvents : public tunnel::SessionHandler {
 public:
  virtual void on_session_drained() = 0;

 protected:
  ~TunnelSessionEvents() = default;

 private:
  void on_drained() final { on_session_drained(); }
};

class BrokerTunnel final : public uv::Buryable,
                           public TunnelConnectionEvents,
                           public TunnelSessionEvents,
                           private DeadlineHandler {
 public:
  enum class State : uint8_t { kAwaitingHello, kChecking, kServing, kDraining, kClosing };

  BrokerTunnel(BrokerTunnelOwner& owner, std::string id, std::unique_ptr<transport::Connection> connection,
               const RegistryOptions& options);
  ~BrokerTunnel() override;

  void welcome();
  // `detail`: what there is to say beside the refusal's own sentence.
  void refuse(TunnelRefusal why, const std::string& detail = {});
  // Sends CONFIG, unless it is what was sent last; `hash` is that of `config`.
  void tell(const tunnel::pb::Config& config, size_t hash);
  // No further stream is opened; the connection closes when the running ones are done.
  void drain(GoawayReason reason);
  // The agent is asked to move; streams are opened until it has.
  void migrate();
  // Closes now: its streams fail with `error`.
  void close(const Error& error);
  void ping();
  void tick();
  tunnel::Stream* open(const tunnel::OpenHead& head, bool end, tunnel::StreamHandler* handler, Error& why);

  State state() const { return state_; }
  // It opens streams, though it may have as many as it may now. Not any more once its ids are used up.
  bool takes_streams() const;
  const std::string& id() const { return id_; }
  const std::string& machine() const { return machine_; }
  const std::string& instance() const { return instance_; }
  int slot() const { return slot_; }
  size_t stream_count() const { return session_->stream_count(); }
  const std::string& peer() const { return peer_; }
  // The SHA-256, in hex, of the token that it came by.
  const std::string& token_sha256() const { return token_sha256_; }
  void set_token_sha256(std::string sha256) { token_sha256_ = std::move(sha256); }
  // Its agent is going to end, and makes way for any other one.
  bool leaving() const { return leaving_; }
  void set_leaving() { leaving_ = true; }
  // The machine as which it has entered the directory of machines, and is to leave it; "" where it has not.
  const std::string& entered() const { return entered_; }
  void set_entered(std::string machine) { entered_ = std::move(machine); }
  // What was read of it before it came here.
  void take(MutableBytes begun) { on_data(begun); }
  // It was welcomed, at whatever state it is now.
  bool was_up() const { return connected_at_ != 0; }
  // Once it is closing: why, and whether it was being drained.
  const Error& end() const { return end_; }
  bool was_drained() const { return was_drained_; }
  TunnelInfo info() const;
  // What its streams have done since it was asked last; false where that is nothing. `unix_now` in milliseconds.
  bool take_activity(int64_t unix_now, ActivityNews& news);

 private:
  // transport::ConnectionHandler
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_connection_room() override;
  void on_closed(const Error& error) override;
  // tunnel::SessionHandler
  void on_hello(const tunnel::pb::Hello& hello) override;
  void on_goaway(const tunnel::pb::Goaway& goaway) override;
  void on_pong(Duration round_trip) override;
  void on_event(const tunnel::pb::Event& event) override;
  void on_session_drained() override;
  void on_failed(const Error& error) override;
  // DeadlineHandler
  void on_deadline(Deadline& deadline) override;

  Time now() const { return connection_->loop().now(); }
  // The state from which nothing leads back.
  void begin_closing(const Error& error);

  BrokerTunnelOwner& owner_;
  const RegistryOptions& options_;
  std::string id_;
  std::string machine_;
  std::string entered_;
  std::string token_sha256_;
  std::string instance_;
  std::string agent_version_;
  std::string peer_;
  std::unique_ptr<transport::Connection> connection_;
  std::unique_ptr<tunnel_link::ConnectionSink> sink_;
  std::unique_ptr<tunnel::Session> session_;
  tunnel_link::AcknowledgementWatch acknowledgements_;
  Deadline hello_deadline_;
  int64_t connected_at_ = 0;
  std::optional<size_t> told_;  // the hash of the last CONFIG
  tunnel::SessionActivity taken_;
  int slot_ = 0;
  State state_ = State::kAwaitingHello;
  bool leaving_ = false;
  bool was_drained_ = false;
  Error end_;
};

}  // namespace ingress::broker
