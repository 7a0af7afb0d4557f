// Virtual time, and what is to happen in it. Nothing here waits: time goes on when there is nothing left to do in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace ingress::sim {

using Micros = std::chrono::microseconds;

class EventQueue {
 public:
  // Well after 0, which some of the product's times mean "never" by.
  static constexpr Micros kStart{1'000'000'000};

  Micros now() const { return now_; }
  // Events of one time happen in the order in which they were planned.
  void at(Micros when, std::function<void()> what) {
    events_.push({when < now_ ? now_ : when, next_number_++, std::move(what)});
  }
  void after(Micros delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  bool empty() const { return events_.empty(); }
  bool due() const { return !events_.empty() && events_.top().when <= now_; }
  Micros next() const { return events_.top().when; }
  void run_next() {
    const std::function<void()> what = std::move(const_cast<Event&>(events_.top()).what);
    events_.pop();
    what();
  }
  void advance(Micros to) {
    if (to > now_) now_ = to;
  }
  // For a process that is taken apart in a time of its own (Kernel::take_apart).
  void set_now(Micros now) { now_ = now; }

 private:
  struct Event {
    Micros when;
    uint64_t number;
    std::function<void()> what;
    bool operator<(const Event& other) const { return when != other.when ? when > other.when : number > other.number; }
  };

  Micros now_ = kStart;
  uint64_t next_number_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace ingress::sim
