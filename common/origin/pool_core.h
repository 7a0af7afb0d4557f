// The pool behind OriginPool: idle connections by target, and the objects that exchanges reuse. Private to
// common/origin.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/origin/active_exchange.h"
#include "common/origin/http2_origin.h"
#include "common/origin/origin_connection.h"
#include "common/origin/origin_pool.h"
#include "common/origin/probe.h"

namespace ingress::origin {

// What is remembered of a target that once accepted a connection.
struct TargetState {
  std::vector<std::unique_ptr<OriginConnection>> idle;  // the one used last at the back
  size_t last_good = 0;                                 // number of the address that answered last
  Time good_at{};                                       // when that was known last
  Duration seen_kept{0};                                // how long an idle connection of it has been seen open
};

class PoolCore {
 public:
  // Finished exchanges that are kept for the next ones.
  static constexpr size_t kMostSpare = 256;

  PoolCore(uv::Loop& loop, const PoolLimits& limits) : loop_(loop), limits_(limits) {}
  ~PoolCore();
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  uv::Loop& loop() { return loop_; }
  const PoolLimits& limits() const { return limits_; }

  std::unique_ptr<Exchange> start(const Target& target, const Request& request, const Timeouts& timeouts,
                                  ExchangeHandler& handler);
  void connect(const Target& target, Duration timeout, OriginPool::OnConnected on_connected);
  void set_witness(Witness witness) { witness_ = std::move(witness); }
  void close_idle();
  // Closes what is idle, for want of descriptors; false where there is nothing, nor was a moment ago.
  bool shed_idle();
  size_t idle_count() const;

  // An idle connection, the one used last; nullptr where there is none, or `trusted` and the origin might be closing
  // it. Those that it has closed, which the loop has yet to see, are dropped where `trusted`.
  std::unique_ptr<OriginConnection> take_idle(const Target& target, bool trusted);
  // The origin ended a connection that had served: it keeps none for as long as that one was idle.
  void distrust(OriginConnection& connection);
  // A connection that was just made.
  std::unique_ptr<OriginConnection> adopt(const Target& target, size_t address_index,
                                          std::unique_ptr<uv::Socket> socket);
  size_t last_good(const Target& target) const;
  // How long the target is tried again where it refuses.
  Duration patience(const Target& target, const Timeouts& timeouts) const;

  // The exchange is through with its connection: it may be used again, is closed when its output is out, or now.
  void put_idle(std::unique_ptr<OriginConnection> connection);
  void close_when_flushed(std::unique_ptr<OriginConnection> connection);
  void close_now(std::unique_ptr<OriginConnection> connection);
  // An idle connection is of no use any more.
  void drop_idle(OriginConnection& connection);
  // A closing connection has closed.
  void drop_closed(OriginConnection& connection);

  void recycle(std::unique_ptr<ActiveExchange> exchange);
  void drop_probe(Probe& probe);

 private:
  Http2Origin& http2_origin(const Target& target);
  bool trusts_last_idle(TargetState& state) const;

  uv::Loop& loop_;
  PoolLimits limits_;
  Witness witness_;
  std::unordered_map<std::string, TargetState> targets_;
  std::unordered_map<std::string, std::unique_ptr<Http2Origin>> http2_origins_;
  std::vector<std::unique_ptr<OriginConnection>> closing_;
  std::vector<std::unique_ptr<Probe>> probes_;
  std::vector<std::unique_ptr<ActiveExchange>> spare_;
  size_t active_ = 0;
  size_t idle_count_ = 0;
  Time shed_at_{};
};

}  // namespace ingress::origin
