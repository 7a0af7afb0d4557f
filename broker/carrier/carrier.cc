#include "broker/carrier/carrier.h"

#include "broker/carrier/crossing.h"

namespace ingress::broker {

CarriedStream Carrier::open(std::string_view machine, const tunnel::OpenHead& head, bool end,
                            tunnel::StreamHandler* handler, Error& why) {
  tunnel::Stream* const near = tunnels_.open(machine, head, end, handler, why);
  if (near == nullptr) return crossing_ == nullptr ? CarriedStream() : open_far(machine, head, end, handler);
  ++opened_;
  return CarriedStream(near);
}

CarriedStream Carrier::open_far(std::string_view machine, const tunnel::OpenHead& head, bool end,
                                tunnel::StreamHandler* handler) {
  const std::optional<size_t> loop = directory_->serving_loop(machine);
  if (!loop || *loop == crossing_->self()) return {};
  ++opened_;
  return CarriedStream(crossing_->open(*loop, machine, head, end, handler));
}

}  // namespace ingress::broker
