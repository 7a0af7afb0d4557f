#include "broker/carrier/carrier.h"

#include "broker/carrier/crossing.h"

namespace ingress::broker {

namespace {

// Where the links to other generations are.
constexpr size_t kFirstLoop = 0;

}  // namespace

CarriedStream Carrier::open(std::string_view machine, const tunnel::OpenHead& head, bool end,
                            tunnel::StreamHandler* handler, Error& why) {
  Error here;
  if (const CarriedStream stream = open_here(machine, head, end, handler, here)) return stream;
  why = here;
  const CarriedStream stream = open_elsewhere(machine, head, end, handler, why);
  // The machine is up: nobody would be told that it is.
  if (!stream && here.code == ErrorCode::kOverloaded) why = here;
  return stream;
}

CarriedStream Carrier::open_here(std::string_view machine, const tunnel::OpenHead& head, bool end,
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

CarriedStream Carrier::open_elsewhere(std::string_view machine, const tunnel::OpenHead& head, bool end,
                                      tunnel::StreamHandler* handler, Error& why) {
  if (others_ == nullptr || !others_->hold(machine)) return {};
  CarriedStream stream;
  if (crossing_ == nullptr || crossing_->self() == kFirstLoop) {
    stream = CarriedStream(others_->open(machine, head, end, handler, why));
  } else {
    stream = CarriedStream(crossing_->open(kFirstLoop, machine, head, end, handler));
  }
  if (stream) ++opened_;
  return stream;
}

}  // namespace ingress::broker
