// A repeating or one-shot timer, for the few that are exact or periodic. Per-connection time-outs use Deadline.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"

namespace ingress::uv {

class Loop;

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_fire);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  // `repeat` of zero fires once. Starting again moves it. An armed timer keeps the loop running unless `unref` was
  // called.
  void start(Duration after, Duration repeat = Duration{0});
  void stop();
  void unref();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::uv
