// Requests that wait for their machine's tunnel to come back, in the order in which they came. Each waits with its body
// unread, for a time of its own; how many may wait for one machine is bounded, by number and by the bytes of their
// heads. Thread: the loop's.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/deadline.h"
#include "common/base/text_hash.h"
#include "common/uv/loop.h"

namespace ingress::broker {

class ParkingLot;

// Who waits. Each call ends the waiting; the callee may park again in it.
class ParkedRequest {
 public:
  virtual void on_machine_up() = 0;
  virtual void on_park_over() = 0;

 protected:
  ~ParkedRequest() = default;
};

struct ParkingLimits {
  size_t requests = 1000;                       // for one machine
  size_t head_bytes = size_t{4} * 1024 * 1024;  // of them together
};

// One request's place. Destroying it ends the waiting, without a call.
class ParkingPlace final : private DeadlineHandler {
 public:
  ~ParkingPlace();
  ParkingPlace(const ParkingPlace&) = delete;
  ParkingPlace& operator=(const ParkingPlace&) = delete;

 private:
  friend class ParkingLot;
  ParkingPlace(ParkingLot& lot, ParkedRequest& request, std::string machine, size_t head_bytes);
  void on_deadline(Deadline& deadline) override;

  ParkingLot& lot_;
  ParkedRequest& request_;
  std::string machine_;
  size_t head_bytes_;
  Deadline deadline_;
  std::list<ParkingPlace*>::iterator at_;
  bool waits_ = true;
};

class ParkingLot {
 public:
  ParkingLot(uv::Loop& loop, ParkingLimits limits);
  ~ParkingLot();  // nobody may wait any more
  ParkingLot(const ParkingLot&) = delete;
  ParkingLot& operator=(const ParkingLot&) = delete;

  // Null where as many wait for the machine as may. `request` outlives the place.
  std::unique_ptr<ParkingPlace> park(std::string_view machine, ParkedRequest& request, size_t head_bytes, Time until);
  // Calls those that wait for the machine now, the first first.
  void machine_up(std::string_view machine);
  // For who comes next.
  void set_limits(ParkingLimits limits) { limits_ = limits; }
  size_t waiting() const { return waiting_; }

 private:
  friend class ParkingPlace;
  struct Queue {
    std::list<ParkingPlace*> places;
    size_t head_bytes = 0;
  };

  void leave(ParkingPlace& place);

  uv::Loop& loop_;
  ParkingLimits limits_;
  TextMap<Queue> queues_;  // none is empty
  size_t waiting_ = 0;
};

}  // namespace ingress::broker
