// Wakes machines: calls the webhook of each that requests wait for, as the WakePlan says, and logs a line for each call
// ("wake"). A call has no other effect here: what waits goes on when the machine's tunnel is there.
//
// Backpressure: at most WakePlan::kMostCalls calls at a time. Thread: the loop's, but for want(), leave(), ask(),
// came() and starting(), which are anybody's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/calls/web_caller.h"
#include "broker/wake/wake_plan.h"

namespace ingress::broker {

struct WakeSettings {
  std::string secret;  // signs every call; empty: none is made
  origin::TargetRule targets;
};

// Calls so far.
struct WakeCounts {
  uint64_t woken = 0;
  uint64_t failed = 0;  // or refused before they were made
};

class Waker final : private DeadlineHandler {
 public:
  // `random` gives numbers in [0, 1).
  Waker(uv::Loop& loop, WakeSettings settings, std::function<double()> random);
  ~Waker();  // breaks calls off
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // A request waits until leave(): WakeClaim does both.
  void want(const WakeWish& wish);
  void leave(std::string_view machine);
  // One that may not wait: for who comes next.
  void ask(const WakeWish& wish, Time now);
  // The machine has a tunnel.
  void came(std::string_view machine, Time now);
  // The machine was woken, and is on its way.
  bool starting(std::string_view machine, Time now) const;

  const WakeCounts& counts() const { return counts_; }

  // For calls from now on.
  void set(WakeSettings settings) { settings_ = std::move(settings); }

 private:
  void on_deadline(Deadline& deadline) override;
  // Has step() called soon where the plan asks for another time than before. With the mutex held.
  void step_later();
  void step();
  void begin(const DueWake& due);
  // `target`: whom was called, without the path, which may be a secret.
  void note(const DueWake& due, const WebAnswer& answer, std::string_view target, Duration took);

  uv::Loop& loop_;
  WakeSettings settings_;
  std::function<double()> random_;
  Deadline deadline_;
  WebCaller caller_;
  WakeCounts counts_;

  mutable std::mutex mutex_;  // of what follows
  WakePlan plan_;
  std::optional<Time> armed_;  // what step() last found, or is about to find
  bool posted_ = false;
};

// One request that waits for its machine to be woken. The waker outlives it.
class WakeClaim {
 public:
  WakeClaim(Waker& waker, const WakeWish& wish) : waker_(waker), machine_(wish.machine) { waker.want(wish); }
  ~WakeClaim() { waker_.leave(machine_); }
  WakeClaim(const WakeClaim&) = delete;
  WakeClaim& operator=(const WakeClaim&) = delete;

 private:
  Waker& waker_;
  std::string machine_;
};

}  // namespace ingress::broker
