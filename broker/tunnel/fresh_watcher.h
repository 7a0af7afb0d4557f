// Passes a registry's news on to its watcher, but for that of a machine that came when the machine is gone again by the
// time it is told. Thread: the loop's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "broker/tunnel/tunnel_registry.h"

namespace ingress::broker {

class FreshWatcher final : public MachineWatcher {
 public:
  using Serves = std::function<bool(std::string_view machine)>;

  // `to` outlives it. `serves`: whether the machine has a tunnel now.
  FreshWatcher(MachineWatcher& to, Serves serves) : to_(to), serves_(std::move(serves)) {}

  // A call of on_machine_up is going to be made. False where one is to come already, which says it.
  bool expect_up(const std::string& machine) { return expected_.insert(machine).second; }

  void on_machine_up(const std::string& machine) override {
    expected_.erase(machine);
    if (serves_(machine)) to_.on_machine_up(machine);
  }
  void on_machine_down(std::string_view machine) override { to_.on_machine_down(machine); }
  void on_tunnel_up(const TunnelInfo& tunnel) override { to_.on_tunnel_up(tunnel); }
  void on_tunnel_down(const TunnelInfo& tunnel, std::string_view reason, bool connected) override {
    to_.on_tunnel_down(tunnel, reason, connected);
  }
  void on_ports(std::string_view machine, MachinePorts ports) override { to_.on_ports(machine, std::move(ports)); }
  void on_activity(std::string_view machine, const ActivityNews& news) override { to_.on_activity(machine, news); }
  void on_left(std::string_view machine, const LeftStreams& left) override { to_.on_left(machine, left); }

 private:
  MachineWatcher& to_;
  Serves serves_;
  std::unordered_set<std::string> expected_;
};

}  // namespace ingress::broker
