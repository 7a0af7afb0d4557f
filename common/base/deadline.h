// Deadlines by the thousand, for connections and streams whose timers are touched on every byte and hardly ever fire.
// A hashed wheel: arm and cancel are O(1) and make no system call; a deadline fires up to one tick late.
#pragma once

#include <array>
#include <cstddef>

#include "common/base/clock.h"

namespace ingress {

class Deadline;

class DeadlineHandler {
 public:
  // The deadline passed. It is disarmed before the call and may be armed again, or destroyed, in it.
  virtual void on_deadline(Deadline& deadline) = 0;

 protected:
  ~DeadlineHandler() = default;
};

class DeadlineWheel {
 public:
  static constexpr Duration kTick{100};
  static constexpr size_t kSlots = 1024;  // one turn is 102 s; later deadlines go round again

  DeadlineWheel();
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  // Fires what is due. Called about once a tick while armed() > 0.
  void advance(Time now);
  // Number of armed deadlines.
  size_t armed() const { return armed_; }

 private:
  friend class Deadline;
  struct Link {
    Link* previous = nullptr;
    Link* next = nullptr;
  };
  void link(Deadline& deadline);
  void fire_slot(Link& slot, Time now);

  std::array<Link, kSlots> slots_;
  Time reached_{};  // every slot before this time was passed
  size_t armed_ = 0;
};

// One deadline, a member of what it watches. It unlinks itself when destroyed; the wheel outlives it.
class Deadline : private DeadlineWheel::Link {
 public:
  Deadline(DeadlineWheel& wheel, DeadlineHandler& handler) : wheel_(wheel), handler_(handler) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() {
    cancel();
    unlink();
  }

  bool armed() const { return armed_; }
  // When it fires, where it is armed.
  Time at() const { return at_; }
  // Stays linked until the wheel passes its slot: arming again soon is one store.
  void cancel() {
    if (armed_) --wheel_.armed_;
    armed_ = false;
  }
  // Fires at `at`; arming again moves it. Moving it later is one store.
  void arm(Time at);

 private:
  friend class DeadlineWheel;
  void unlink();

  DeadlineWheel& wheel_;
  DeadlineHandler& handler_;
  Time at_{};
  Time slot_time_{};  // the time by which the wheel looks at it
  bool armed_ = false;
};

}  // namespace ingress
