// Connects to a target, and hands the connection out. Private to common/origin.
#pragma once

#include <functional>
#include <memory>

#include "common/origin/dialer.h"

namespace ingress::origin {

class PoolCore;

// Owned by the pool; buried when it has called back.
class Probe final : public uv::Buryable, private DialHandler {
 public:
  Probe(PoolCore& core, OriginPool::OnConnected on_done);
  ~Probe() override;

  void start(const Target& target, size_t first, Duration timeout) { dialer_.start(target, first, timeout); }

 private:
  void on_dialed(std::unique_ptr<uv::Socket> socket, size_t index) override;
  void on_dial_failed(const Error& error) override;
  void done(Result<std::unique_ptr<uv::Socket>> connected);

  PoolCore& core_;
  OriginPool::OnConnected on_done_;
  Dialer dialer_;
};

}  // namespace ingress::origin
