// What a broker that is told to end does first, beside exchanges that last (WebSockets, downloads, raw connections): it
// serves on until none is left, the next process waits for its database, or its grace period is nearly over. So where
// the next process starts only when this one has ended, nobody waits for the end of what others have open.
//
// Whoever opens the file of the database's lock is about to wait for it, of whatever version it is; one that did so
// before the signal may wait still. Thread: the first loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/loop_set.h"
#include "common/uv/open_watch.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class Lingering {
 public:
  // `on_over`: it is time to make way. `loops` outlives it.
  Lingering(LoopSet& loops, std::function<void()> on_over);
  ~Lingering();
  Lingering(const Lingering&) = delete;
  Lingering& operator=(const Lingering&) = delete;

  // Once this process has the lock of the database at `db`: who opens it from now on is noticed. Where the kernel can't
  // tell of that it does not linger, and says so once.
  void watch_lock(const std::string& db);
  // After LoopSet::start(). `on_over` comes once, perhaps at once, unless stop() does before it.
  void begin(Duration grace_period);
  // Nobody is noticed any more, either.
  void stop();

 private:
  void on_open();
  void look();
  void on_looked(UnderWay found);
  void over(const char* why);

  LoopSet& loops_;
  const std::function<void()> on_over_;
  std::unique_ptr<uv::OpenWatch> watch_;
  std::optional<Time> opened_;  // when somebody did last
  bool lingers_ = false;
  bool told_ = false;   // that it does
  Time quiet_until_{};  // without anything that lasts it lingers no longer
  uv::Timer look_timer_;
  uv::Timer last_call_timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for loops that answer late
};

}  // namespace ingress::broker
