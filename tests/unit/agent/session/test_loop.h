// Runs a loop until something is true: tests wait for events, not for time.
#pragma once

#include <doctest/doctest.h>

#include <functional>

#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::agent::test {

// False where it did not become true within half a minute.
inline bool run_until(uv::Loop& loop, const std::function<bool()>& is_true) {
  constexpr Duration kLook{2};
  constexpr int kMostLooks = 15000;
  int looks = 0;
  bool reached = false;
  uv::Timer timer(loop, [&loop, &is_true, &looks, &reached] {
    reached = is_true();
    if (reached || ++looks == kMostLooks) loop.stop();
  });
  timer.start(Duration{0}, kLook);
  loop.run();
  return reached;
}

}  // namespace ingress::agent::test
