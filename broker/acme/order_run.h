// One run of the program that gets a certificate: its output kept for who reads the reason of a failure, a time-out,
// and a lock that holds while it runs, whichever process of the broker started it. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/acme/order_program.h"
#include "common/base/clock.h"
#include "common/uv/child_process.h"
#include "common/uv/loop.h"
#include "common/uv/owned_fd.h"
#include "common/uv/timer.h"

namespace ingress::broker::acme {

class OrderRun {
 public:
  // "" where it ended well, else why not. Called once, from the loop; it may destroy the run.
  using OnDone = std::function<void(std::string problem)>;

  OrderRun(uv::Loop& loop, OnDone on_done);
  // Ends the program where it still runs.
  ~OrderRun();
  OrderRun(const OrderRun&) = delete;
  OrderRun& operator=(const OrderRun&) = delete;

  // `folder` gets the lock and the output ("order.log", of the last run). False where another process's program is
  // still at it: nothing is called.
  bool start(OrderProgram order, const std::string& folder, Duration timeout);

 private:
  void on_exit(int code, int signal);
  void on_time_over();
  void finish(std::string problem);

  uv::Loop& loop_;
  OnDone on_done_;
  std::string log_path_;
  uv::OwnedFd lock_;
  std::unique_ptr<uv::ChildProcess> process_;
  uv::Timer timer_;
  Duration timeout_{0};
  bool time_over_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ingress::broker::acme
