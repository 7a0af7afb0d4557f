// One run of the program that gets a certificate: its output kept for who reads the reason of a failure, limits of its
// time and of that output, and a lock that holds while it runs, whichever process of the broker started it.
// Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/acme/order_lock.h"
#include "broker/acme/order_program.h"
#include "common/base/clock.h"
#include "common/uv/child_process.h"
#include "common/uv/fd_watch.h"
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
  // Why it does not run, "" where it does.
  std::string run(uv::ChildProgram program, const std::string& folder);
  // A piece of what the program has written, into the log; false where there is no more now, or there may be no more.
  bool take_output();
  void on_exit(int code, int signal);
  void on_time_over();
  // Asks it to end, with all that it started; makes it where it was asked before.
  void end_program(std::string reason);
  void finish(std::string problem);

  uv::Loop& loop_;
  OnDone on_done_;
  std::string log_path_;
  OrderLock lock_;
  uv::OwnedFd log_;
  uv::OwnedFd output_;  // of the program, to be read
  std::unique_ptr<uv::FdWatch> output_watch_;
  size_t output_bytes_ = 0;
  std::unique_ptr<uv::ChildProcess> process_;
  uv::Timer timer_;
  Duration timeout_{0};
  std::string ended_for_;  // why the program was asked to end, "" where it was not
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ingress::broker::acme
