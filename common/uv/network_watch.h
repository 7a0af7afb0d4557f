// Changes of the machine's links, addresses and routes, as the kernel tells them (rtnetlink). Thread: the loop's.
#pragma once

#include <functional>
#include <memory>

namespace ingress::uv {

class Loop;

class NetworkWatch {
 public:
  // `on_change` comes from the loop, once for each batch of changes that the kernel tells. Where there is no such
  // socket (a sandbox), it never comes. Keeps no loop running.
  NetworkWatch(Loop& loop, std::function<void()> on_change);
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;
  ~NetworkWatch();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::uv
