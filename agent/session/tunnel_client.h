// One of the agent's connections to the broker (a slot): dials, serves, dials again, for ever. Thread: the loop's.
//
//   kIdle → kResolving → kConnecting → (kProxy →) kHandshake → kHello → kServing
//             ↑                                                   │ lost, refused or failed
//             └────────────────────── kWaiting ←──────────────────┘
//
// The state is that of the newest attempt. While the broker's GOAWAY is answered by the next attempt, the old session
// still serves (serving() stays true); it is sent GOAWAY once the new one serves, and closes when it has run dry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/session/agent_session.h"
#include "agent/session/broker_addresses.h"
#include "agent/session/reconnect_schedule.h"
#include "agent/session/tunnel_config.h"
#include "agent/session/tunnel_connector.h"
#include "common/base/deadline.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::agent {

class TunnelClient;

// What a slot's tunnel is, for who looks.
struct TunnelState {
  int slot = 0;
  bool up = false;
  std::string address;     // of the broker; the rest only while it is up
  std::string broker_id;   // as it called itself
  int64_t since = 0;       // Unix seconds
  Duration round_trip{0};  // 0: not known yet
};

struct LeftStreams {
  uint32_t open = 0;
  uint32_t upgraded = 0;  // of them, those past a 101

  bool operator==(const LeftStreams&) const = default;
};

class TunnelClientOwner {
 public:
  // A tunnel has been welcomed, and serves from now on.
  virtual void on_tunnel_welcome(TunnelClient& client) = 0;
  // serving() changed.
  virtual void on_tunnel_change(TunnelClient& client) = 0;
  // The broker tells what its routes say of this machine.
  virtual void on_tunnel_config(const tunnel::pb::Config& config) = 0;
  // It could not be had, was refused or was lost: each time. `code` is a stable word.
  virtual void on_tunnel_trouble(const char* code, std::string sentence) = 0;
  // The broker has given the machine to another instance. Nothing is asked of the owner; it may drain(), later.
  virtual void on_tunnel_replaced(TunnelClient& client) = 0;
  // It did so by replacing this slot's tunnel, and the slot did not dial again itself. Every slot is to
  // come_as_stranger(), under another instance, later.
  virtual void on_tunnel_taken(TunnelClient& client) = 0;
  // After drain() or close(): the last connection is closed.
  virtual void on_tunnel_closed(TunnelClient& client) = 0;

 protected:
  ~TunnelClientOwner() = default;
};

class TunnelClient final : private TunnelConnectorOwner, private AgentSessionOwner, private DeadlineHandler {
 public:
  enum class State : uint8_t {
    kIdle,
    kResolving,
    kConnecting,
    kProxy,
    kHandshake,
    kHello,
    kServing,
    kDraining,
    kWaiting
  };

  // From the first step of an attempt to WELCOME.
  static constexpr Duration kAttemptTimeout{10000};
  // Sessions that may run dry beside the one that serves: as many as a broker has processes at a time, which bounds
  // them (common/supervise). Of more the oldest without streams is closed, and only where all have some the oldest.
  static constexpr size_t kMostOldSessions = 16;
  // How often the token's file is looked at while the broker refuses what was in it: a corrected one is tried at once.
  static constexpr Duration kTokenLook{1000};
  static constexpr Duration kLeastProbe{600};
  static constexpr Duration kMostProbe{3000};
  // An attempt that is younger is left alone when the network changes. Each that was not makes it twice as long, up to
  // kAttemptTimeout, until a tunnel is up: a network that changes every second lets an attempt end, too.
  static constexpr Duration kYoungAttempt{1000};

  // How long a tunnel may take to answer a PING when the network has changed: as long as three round trips and a
  // little, within limits.
  static constexpr Duration probe_limit(Duration round_trip) {
    return std::clamp(3 * round_trip + Duration{200}, kLeastProbe, kMostProbe);
  }

  // `random` gives numbers in [0, 1). `addresses`, which all slots share, outlive it.
  TunnelClient(uv::Loop& loop, const TunnelConfig& config, OriginStreams& streams, int slot, BrokerAddresses& addresses,
               std::function<double()> random, TunnelClientOwner& owner);
  ~TunnelClient();
  TunnelClient(const TunnelClient&) = delete;
  TunnelClient& operator=(const TunnelClient&) = delete;

  void start();
  // No further attempt; what serves runs dry. on_tunnel_closed follows, later.
  void drain();
  // The same, and running streams are broken off now.
  void close();
  void tick();
  // The ways that were there may be dead, silently: the next tunnel is dialled at once, and the old one serves until
  // that does.
  void machine_woke();
  // They may be, and a new one may be there: what waits dials at once; what serves has probe_limit() to answer a PING,
  // and else is treated as above.
  void network_changed();

  // The instance has changed: what runs by the one before runs dry, and the next tunnel is dialled at once, without the
  // spread that the broker asked for. Where the broker has refused it the pause stands.
  void come_as_stranger();

  // On the tunnel that serves, where there is one.
  void send_event(const tunnel::pb::Event& event);

  State state() const { return state_; }
  TunnelState shown() const;
  // Streams that still run in tunnels to other processes of the broker than the one that serves; none while none does.
  LeftStreams left() const;
  int slot() const { return slot_; }
  bool serving() const { return current_ != nullptr; }
  // Nothing is connected and nothing will be.
  bool closed() const { return ending_ && sessions_.empty(); }
  size_t stream_count() const;
  // As AgentSession's, of the tunnel that serves and of all.
  bool may_leave() const { return current_ != nullptr && current_->may_leave(); }
  bool has_lasting_streams();

 private:
  void start_attempt();
  void drop_attempt();
  bool may_dial_anew() const;
  void dial_anew();
  bool attempting() const { return connector_ != nullptr || pending_ != nullptr; }
  void fail_attempt(const ConnectFailure& failure);
  void wait(Duration duration);
  void on_retry_timer();
  bool token_changed() const;
  void limit_old_sessions();
  // One is to be closed: which.
  AgentSession& least_needed() const;
  // Where this slot is when it does not dial.
  void settle_place();
  void check_closed();
  std::string read_token();
  bool first_report(ErrorCode code);

  // TunnelConnectorOwner
  void on_stage(ConnectStage stage) override;
  void on_connected(std::unique_ptr<transport::Connection> connection, const std::string& address) override;
  void on_connect_failed(const ConnectFailure& failure) override;
  // AgentSessionOwner
  void on_welcome(AgentSession& session, const tunnel::pb::Welcome& welcome) override;
  void on_refused(AgentSession& session, const tunnel::pb::Refused& refused) override;
  void on_goaway(AgentSession& session, const tunnel::pb::Goaway& goaway) override;
  void on_config(AgentSession& session, const tunnel::pb::Config& config) override;
  void on_lost(AgentSession& session, const Error& error) override;
  void on_gone(AgentSession& session) override;
  // DeadlineHandler: the attempt takes too long, or the PING is not answered
  void on_deadline(Deadline& deadline) override;

  uv::Loop& loop_;
  const TunnelConfig& config_;
  OriginStreams& streams_;
  TunnelClientOwner& owner_;
  int slot_;
  BrokerAddresses& addresses_;
  TunnelWays ways_;
  ReconnectSchedule schedule_;
  State state_ = State::kIdle;
  bool ending_ = false;
  std::unique_ptr<TunnelConnector> connector_;
  std::vector<std::unique_ptr<AgentSession>> sessions_;  // oldest first
  AgentSession* pending_ = nullptr;                      // waits for WELCOME
  AgentSession* current_ = nullptr;                      // serves
  int64_t up_since_ = 0;                                 // Unix seconds, of current_
  Deadline attempt_deadline_;
  Deadline probe_deadline_;
  Time probed_at_{};
  Time attempt_began_{};
  Duration young_attempt_ = kYoungAttempt;
  uv::Timer retry_timer_;
  Time retry_at_{};
  bool token_refused_ = false;  // and none was tried since
  bool refused_ = false;        // what it waits for is a refusal's pause
  std::string last_token_;
  uint64_t reported_errors_ = 0;    // bit per ErrorCode, since the tunnel was last up
  uint64_t reported_refusals_ = 0;  // bit per Refused::Code
};

}  // namespace ingress::agent
