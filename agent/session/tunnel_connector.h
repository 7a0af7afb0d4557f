// One attempt to reach the broker: resolve, connect to the first address that answers (address_race.h), go through the
// proxy where there is one, TLS with the tunnel's ALPN; where that is not agreed on, the same address again, by an
// Upgrade of HTTP/1.1; where that fails, the other addresses. Ends with one call of its owner. Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/session/address_race.h"
#include "agent/session/broker_addresses.h"
#include "agent/session/connect_failure.h"
#include "agent/session/tunnel_config.h"
#include "agent/session/tunnel_ways.h"
#include "agent/session/upgrade.h"
#include "common/base/deadline.h"
#include "common/transport/connection.h"
#include "common/uv/loop.h"
#include "common/uv/socket.h"

namespace ingress::agent {

class TunnelConnectorOwner {
 public:
  virtual void on_stage(ConnectStage stage) = 0;
  // The handshake, or the Upgrade, is done and the broker speaks the tunnel's protocol. The owner sets the connection's
  // handler before it returns.
  virtual void on_connected(std::unique_ptr<transport::Connection> connection, const std::string& address) = 0;
  // Of all that failed on the way, what got furthest: a certificate that nobody vouches for says more than another
  // address where nothing listens. Of equals the last. It is good until the call returns.
  virtual void on_connect_failed(const ConnectFailure& failure) = 0;

 protected:
  ~TunnelConnectorOwner() = default;
};

// Destroying it gives up without a call. It is buried (Loop::bury) rather than destroyed inside its owner's callbacks.
class TunnelConnector final : public uv::Buryable,
                              private uv::SocketHandler,
                              private transport::ConnectionHandler,
                              private AddressRaceOwner,
                              private DeadlineHandler {
 public:
  // With several addresses, to reach one of them, and for each that was reached to say something: it must not use up
  // the attempt's whole time.
  static constexpr Duration kAddressTimeout{3000};

  // `addresses` say which one `slot` begins with, and are told what comes of it; they and `ways` outlive it. The
  // owner's calls come later, never from here.
  TunnelConnector(uv::Loop& loop, const TunnelConfig& config, int slot, BrokerAddresses& addresses, TunnelWays& ways,
                  TunnelConnectorOwner& owner);
  ~TunnelConnector() override;

  // Its owner's time is over: fails with `error`, or with what an earlier address came to. Calls the owner.
  void give_up(const Error& error);

 private:
  void on_resolved(Result<std::vector<uv::Address>> resolved);
  void try_next();
  void limit_time();
  // The second way, at the same address.
  void dial_again();
  void on_socket(std::unique_ptr<uv::Socket> socket);
  void ask_proxy(std::unique_ptr<uv::Socket> socket);
  void start_tls(std::unique_ptr<uv::Socket> socket);
  void succeed();
  // Those that were tried before the address that was reached could not be.
  void tell_passed_over();
  void enter(ConnectStage stage);
  // Keeps the failure that got furthest.
  void note(const Error& error, const std::string& address);
  // In the handshake; of the first way: the second one is tried.
  void fail_handshake(const Error& error);
  void fail_address(const Error& error);
  void fail_attempt(const Error& error);
  // With what was noted.
  void end_failed();

  // AddressRaceOwner
  void on_reached(const uv::Address& address, std::unique_ptr<uv::Socket> socket) override;
  void on_unreached(const uv::Address& address, const Error& error) override;
  void on_none_reached() override;
  // uv::SocketHandler: the proxy's answer
  void on_read(MutableBytes bytes) override;
  void on_read_end() override;
  void on_failed(const Error& error) override;
  void on_write_drained() override {}
  // transport::ConnectionHandler: the TLS handshake, and the answer to an Upgrade
  void on_ready() override;
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  // DeadlineHandler: none is reached, or what was reached says nothing
  void on_deadline(Deadline& deadline) override;

  uv::Loop& loop_;
  const TunnelConfig& config_;
  TunnelConnectorOwner& owner_;
  int slot_;
  BrokerAddresses& addresses_;
  TunnelWays& ways_;
  TunnelWay way_ = TunnelWay::kAlpn;  // under way
  bool both_tried_ = false;           // at this address
  uv::Address reached_;               // the latest
  std::string address_;               // the one under way; of several the latest
  ConnectStage stage_ = ConnectStage::kResolving;
  std::optional<ConnectFailure> furthest_;
  std::unique_ptr<uv::Resolving> resolving_;
  std::unique_ptr<AddressRace> race_;
  std::unique_ptr<uv::Connecting> connecting_;  // the second way
  std::unique_ptr<uv::Socket> proxy_socket_;
  ConnectReply proxy_reply_;
  UpgradeReply upgrade_reply_;
  std::unique_ptr<transport::Connection> connection_;
  Deadline address_deadline_;
  bool done_ = false;
};

}  // namespace ingress::agent
