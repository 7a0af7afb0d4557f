// By which way tunnels to each address of the broker have come about: what a balancer does not let through need not be
// tried first each time. No I/O.
#pragma once

#include <map>
#include <string>

#include "common/base/clock.h"

namespace ingress::agent {

enum class TunnelWay : uint8_t {
  kAlpn,     // TLS to the broker itself
  kUpgrade,  // an Upgrade, through what speaks HTTP only
};

class TunnelWays {
 public:
  // Then the first way is tried first again: what stood between may be gone.
  static constexpr Duration kRemembered{3600000};

  TunnelWay first(const std::string& address, Time now) const {
    const auto found = upgraded_.find(address);
    return found != upgraded_.end() && now < found->second + kRemembered ? TunnelWay::kUpgrade : TunnelWay::kAlpn;
  }
  void worked(const std::string& address, TunnelWay way, Time now) {
    if (way == TunnelWay::kAlpn) return failed(address);
    Time& since = upgraded_.try_emplace(address, now).first->second;
    if (now >= since + kRemembered) since = now;
  }
  // By an Upgrade.
  void failed(const std::string& address) { upgraded_.erase(address); }

 private:
  std::map<std::string, Time> upgraded_;  // since when
};

}  // namespace ingress::agent
