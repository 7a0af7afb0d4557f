// The agent's tunnels: one client a slot, one timer for all. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/ports/listening_port.h"
#include "agent/session/broker_addresses.h"
#include "agent/session/sleep_watch.h"
#include "agent/session/tunnel_client.h"
#include "agent/session/tunnel_config.h"
#include "common/uv/loop.h"
#include "common/uv/network_watch.h"
#include "common/uv/timer.h"

namespace ingress::agent {

class TunnelSet final : private TunnelClientOwner {
 public:
  static constexpr Duration kTick{500};
  // Changes of the network that come together are taken as one, which is acted upon this much later.
  static constexpr Duration kNetworkSettles{250};

  // `on_replaced`: the broker has given the machine to another instance; drain() may be called in it. `streams` outlive
  // the set. `seed` gives [0, 1) jitter and the first address their start.
  TunnelSet(uv::Loop& loop, const TunnelConfig& config, OriginStreams& streams, uint32_t seed,
            std::function<void()> on_change, std::function<void()> on_replaced);
  ~TunnelSet();
  TunnelSet(const TunnelSet&) = delete;
  TunnelSet& operator=(const TunnelSet&) = delete;

  // Called with each CONFIG; before start().
  void set_on_config(std::function<void(const tunnel::pb::Config& config)> on_config);
  // Called with each trouble of a tunnel (TunnelClientOwner); before start().
  void set_on_trouble(std::function<void(const char* code, std::string sentence)> on_trouble);
  // Called where the set goes by another instance from now on; before start().
  void set_on_instance(std::function<void(const std::string& instance)> on_instance);
  // Tells the broker what listens: on every tunnel, and on each that comes.
  void tell(const ListeningPorts& listening);
  void start();
  // The agent is going to end: another one may have the machine at once (on_replaced). It serves on, which is worth it
  // while streams last: false where there are none, or the broker can't be told.
  bool leave();
  // Whether streams that were there at the last call, or at leave(), still are.
  bool has_lasting_streams();
  // GOAWAY on every tunnel; `on_closed` once all have run dry and closed (later).
  void drain(std::function<void()> on_closed);
  // After drain(): breaks off what still runs.
  void close();

  // How many slots have a tunnel that serves.
  size_t serving() const;
  size_t size() const { return clients_.size(); }
  size_t stream_count() const;
  // By slot.
  std::vector<TunnelState> shown() const;

 private:
  void tick();
  void tell_left();
  void on_network_change();
  void on_tunnel_welcome(TunnelClient& client) override;
  void on_tunnel_change(TunnelClient& client) override;
  void on_tunnel_trouble(const char* code, std::string sentence) override;
  void on_tunnel_config(const tunnel::pb::Config& config) override;
  void on_tunnel_replaced(TunnelClient& client) override;
  void on_tunnel_taken(TunnelClient& client) override;
  void on_tunnel_closed(TunnelClient& client) override;

  uv::Loop& loop_;
  TunnelConfig config_;  // its instance changes when another process has taken a slot
  std::function<void()> on_change_;
  std::function<void()> on_replaced_;
  std::function<void()> on_closed_;
  std::function<void(const tunnel::pb::Config& config)> on_config_;
  std::function<void(const char* code, std::string sentence)> on_trouble_;
  std::function<void(const std::string& instance)> on_instance_;
  std::unique_ptr<tunnel::pb::Event> ports_event_;  // null before tell()
  uint64_t ports_revision_ = 0;
  LeftStreams left_;  // as it was told
  BrokerAddresses addresses_;
  std::vector<std::unique_ptr<TunnelClient>> clients_;
  uv::Timer ticker_;
  SleepWatch sleep_watch_;
  uv::NetworkWatch network_;
  uv::Timer network_timer_;
  bool network_changed_ = false;
  bool leaving_ = false;
};

}  // namespace ingress::agent
