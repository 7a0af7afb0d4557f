// What systemd is told of the agent (sd_notify). It is ready with its first tunnel; and without one where that takes
// long: a broker that is away holds up neither the machine's start nor a restart or a reload of the agent. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "common/base/clock.h"

namespace ingress::agent {

class ServiceStatus {
 public:
  // How long READY=1 waits for the first tunnel.
  static constexpr Duration kReadyWait{30000};

  explicit ServiceStatus(std::string broker) : broker_(std::move(broker)) {}

  // Messages to be sent as they are.
  std::string on_start() const;
  // `serving` of `wanted` tunnels are up.
  std::string on_tunnels(size_t serving, size_t wanted);
  // kReadyWait is over; "" where it is ready already. Where it is not alone() (parent_line.h), the process before it
  // may serve, and is the one whose status holds; but that one may be of a version that waits for its tunnel for ever.
  std::string on_ready_wait_over(bool alone);

 private:
  std::string with_ready(const std::string& status);

  std::string broker_;
  bool ready_ = false;
};

}  // namespace ingress::agent
