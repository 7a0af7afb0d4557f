// Machines whose tunnels are in another process of this broker: one from before or after an upgrade
// (broker/generations).
#pragma once

#include <string_view>

#include "common/tunnel/session.h"

namespace ingress::broker {

class OtherGenerations {
 public:
  // Whether one of them has a tunnel that takes the machine's streams, as far as is known here. Thread: any.
  virtual bool hold(std::string_view machine) const = 0;
  // As TunnelRegistry::open, by way of that one. Thread: the first loop's.
  virtual tunnel::Stream* open(std::string_view machine, const tunnel::OpenHead& head, bool end,
                               tunnel::StreamHandler* handler, Error& why) = 0;

 protected:
  ~OtherGenerations() = default;
};

}  // namespace ingress::broker
