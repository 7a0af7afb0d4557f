// The agent inside: ingress-agent as a child, started again where it ends. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/uv/child_process.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker::dev {

class DevAgent {
 public:
  explicit DevAgent(uv::Loop& loop);

  // False where the program cannot be started at all, which is logged.
  bool start(uv::ChildProgram program);
  // Asks it to end, and makes it after a second. `done` once it is gone.
  void stop(std::function<void()> done);

 private:
  bool spawn();
  void on_exit(int code, int signal);

  uv::Loop& loop_;
  uv::ChildProgram program_;
  std::unique_ptr<uv::ChildProcess> child_;
  uv::Timer timer_;  // to start it again, or to make it end
  std::function<void()> on_stopped_;
};

}  // namespace ingress::broker::dev
