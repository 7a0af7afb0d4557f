// Calls back on the loop when the process gets a signal. Does not keep the loop running.
#pragma once

#include <functional>
#include <memory>

namespace ingress::uv {

class Loop;

class SignalWatch {
 public:
  SignalWatch(Loop& loop, int signal_number, std::function<void()> on_signal);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::uv
