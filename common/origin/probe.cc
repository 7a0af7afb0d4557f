#include "common/origin/probe.h"

#include <utility>

#include "common/origin/pool_core.h"

namespace ingress::origin {

Probe::Probe(PoolCore& core, OriginPool::OnConnected on_done)
    : core_(core), on_done_(std::move(on_done)), dialer_(core.loop(), *this) {}

Probe::~Probe() = default;

void Probe::on_dialed(std::unique_ptr<uv::Socket> socket, size_t) { done(std::move(socket)); }

void Probe::on_dial_failed(const Error& error) { done(tl::unexpected(error)); }

void Probe::done(Result<std::unique_ptr<uv::Socket>> connected) {
  const OriginPool::OnConnected on_done = std::move(on_done_);
  core_.drop_probe(*this);
  on_done(std::move(connected));
}

}  // namespace ingress::origin
