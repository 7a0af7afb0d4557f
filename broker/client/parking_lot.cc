#include "broker/client/parking_lot.h"

#include <cassert>
#include <utility>

namespace ingress::broker {

ParkingPlace::ParkingPlace(ParkingLot& lot, ParkedRequest& request, std::string machine, size_t head_bytes)
    : lot_(lot),
      request_(request),
      machine_(std::move(machine)),
      head_bytes_(head_bytes),
      deadline_(lot.loop_.deadlines(), *this) {}

ParkingPlace::~ParkingPlace() {
  if (waits_) lot_.leave(*this);
}

void ParkingPlace::on_deadline(Deadline&) {
  lot_.leave(*this);
  request_.on_park_over();  // may destroy this
}

ParkingLot::ParkingLot(uv::Loop& loop, ParkingLimits limits) : loop_(loop), limits_(limits) {}

ParkingLot::~ParkingLot() { assert(waiting_ == 0); }

std::unique_ptr<ParkingPlace> ParkingLot::park(std::string_view machine, ParkedRequest& request, size_t head_bytes,
                                               Time until) {
  if (const auto found = queues_.find(machine); found != queues_.end()) {
    const Queue& queue = found->second;
    if (queue.places.size() >= limits_.requests || queue.head_bytes + head_bytes > limits_.head_bytes) return nullptr;
  }
  std::unique_ptr<ParkingPlace> place(new ParkingPlace(*this, request, std::string(machine), head_bytes));
  Queue& queue = queues_[place->machine_];
  place->at_ = queue.places.insert(queue.places.end(), place.get());
  queue.head_bytes += head_bytes;
  ++waiting_;
  place->deadline_.arm(until);
  return place;
}

void ParkingLot::machine_up(std::string_view machine) {
  const std::string name(machine);
  const auto found = queues_.find(name);
  if (found == queues_.end()) return;
  // Who parks again meanwhile waits for the next time.
  for (size_t left = found->second.places.size(); left > 0; --left) {
    const auto queue = queues_.find(name);
    if (queue == queues_.end()) return;
    ParkingPlace& first = *queue->second.places.front();
    leave(first);
    first.request_.on_machine_up();  // may destroy it, and others
  }
}

void ParkingLot::leave(ParkingPlace& place) {
  place.waits_ = false;
  place.deadline_.cancel();
  const auto found = queues_.find(place.machine_);
  found->second.places.erase(place.at_);
  found->second.head_bytes -= place.head_bytes_;
  --waiting_;
  if (found->second.places.empty()) queues_.erase(found);
}

}  // namespace ingress::broker
