// How long nothing has moved in an exchange, by a deadline of its owner's that also passes some times before the end:
// what moves without a call (bytes that a peer's kernel acknowledges) is found by looking. Plain value.
#pragma once

#include <algorithm>

#include "common/base/deadline.h"

namespace ingress {

class Silence {
 public:
  static constexpr int kLooks = 4;

  // Something moved, or nobody is waited for: silence begins anew, and has lasted at `now + limit`. `deadline` is for
  // the first look.
  void begin(Deadline& deadline, Time now, Duration limit) {
    over_at_ = now + limit;
    deadline.arm(now + limit / kLooks);
  }
  // `deadline` has passed, and its owner found that nothing has moved. False where silence goes on: the next look is
  // armed.
  bool lasted(Deadline& deadline, Time now, Duration limit) const {
    if (now >= over_at_) return true;
    deadline.arm(std::min(over_at_, now + limit / kLooks));
    return false;
  }

 private:
  Time over_at_{};
};

}  // namespace ingress
