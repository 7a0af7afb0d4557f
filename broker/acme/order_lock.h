// So that there is one order at a time, whichever process of the broker began it. The lock is on a descriptor that the
// order's program inherits: after a broker's `kill -9` it holds as long as the program runs. Thread: the loop's.
#pragma once

#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/uv/owned_fd.h"

namespace ingress::broker::acme {

class OrderLock {
 public:
  OrderLock() = default;
  // Gives it up.
  ~OrderLock() { release(); }
  OrderLock(const OrderLock&) = delete;
  OrderLock& operator=(const OrderLock&) = delete;

  // Of the orders in `folder`. False where another one is under way. It is not held after true where the file cannot be
  // made; errno says why.
  bool take(const std::string& folder);
  bool held() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  // Leaves in the file who else holds it: the process group of the program.
  void name_holder(int group) const;
  // For those too who inherited it and run on.
  void release();

 private:
  uv::OwnedFd fd_;
};

// Signals the process group that the lock's file names, if it has the lock. False where nobody was signalled.
bool signal_lock_holder(const std::string& folder, int number);
// The lock in `folder` is a new one from now on: who has the old one keeps nobody waiting.
bool leave_lock_behind(const std::string& folder);

// One that waits for the lock. An order is ended by the process that began it; where that is gone, by who waits.
class LockWait {
 public:
  // `limit`: how long an order may take.
  LockWait(std::string folder, Duration limit, Time now)
      : folder_(std::move(folder)), limit_(limit), ends_at_(now + limit) {}

  // Each time that the lock is not to be had.
  void look(Time now);

 private:
  void leave_behind();

  std::string folder_;
  Duration limit_;
  Time ends_at_;
  bool asked_ = false;  // to end
  bool made_ = false;
};

}  // namespace ingress::broker::acme
