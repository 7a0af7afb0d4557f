// systemd's watchdog (WatchdogSec=): the program says WATCHDOG=1 in less than the time that WATCHDOG_USEC names, or is
// ended and started again. Without that variable, and a NOTIFY_SOCKET, nothing happens.
//
// WATCHDOG_PID is not looked at: the child of --supervise speaks for its parent, which the unit allows
// (NotifyAccess=all). Thread: the loop's.
#pragma once

#include <functional>
#include <memory>

#include "common/uv/sd_notify.h"

namespace ingress::uv {

class Loop;
class Timer;

class Watchdog {
 public:
  // Asked twice in each period: whether all goes on is said by a call of `alive`, now or later; no call says no.
  using Ask = std::function<void(std::function<void()> alive)>;

  // `notify` outlives it.
  Watchdog(Loop& loop, const SdNotify& notify, Ask ask);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Says it at once, and from then on. It does not keep the loop running.
  void start();
  // Somebody else speaks from now on; an `alive` that is still to come says nothing.
  void stop();

 private:
  const SdNotify& notify_;
  Ask ask_;
  std::shared_ptr<bool> speaks_ = std::make_shared<bool>(false);
  std::unique_ptr<Timer> timer_;  // null where nobody watches
};

}  // namespace ingress::uv
