#include "common/origin/origin_pool.h"

#include <utility>

#include "common/origin/pool_core.h"

namespace ingress::origin {

OriginPool::OriginPool(uv::Loop& loop, const PoolLimits& limits) : core_(std::make_unique<PoolCore>(loop, limits)) {}
OriginPool::~OriginPool() = default;

std::unique_ptr<Exchange> OriginPool::start(const Target& target, const Request& request, const Timeouts& timeouts,
                                            ExchangeHandler& handler) {
  return core_->start(target, request, timeouts, handler);
}

void OriginPool::set_witness(Witness witness) { core_->set_witness(std::move(witness)); }

void OriginPool::probe(const Target& target, Duration timeout, std::function<void(Status)> on_done) {
  core_->connect(target, timeout, [on_done = std::move(on_done)](const Result<std::unique_ptr<uv::Socket>>& connected) {
    on_done(connected ? Status() : tl::unexpected(connected.error()));
  });
}

void OriginPool::connect(const Target& target, Duration timeout, OnConnected on_connected) {
  core_->connect(target, timeout, std::move(on_connected));
}

void OriginPool::close_idle() { core_->close_idle(); }

size_t OriginPool::idle_count() const { return core_->idle_count(); }

}  // namespace ingress::origin
