#include "common/origin/probe.h"

#include <utility>

#include "common/origin/pool_core.h"

namespace ingress::origin {

Probe::Probe(PoolCore& core, std::function<void(Status)> on_done)
    : core_(core), on_done_(std::move(on_done)), dialer_(core.loop(), *this) {}

Probe::~Probe() = default;

void Probe::on_dialed(std::unique_ptr<uv::Socket>, size_t) { done({}); }

void Probe::on_dial_failed(const Error& error) { done(tl::unexpected(error)); }

void Probe::done(const Status& status) {
  const std::function<void(Status)> on_done = std::move(on_done_);
  core_.drop_probe(*this);
  on_done(status);
}

}  // namespace ingress::origin
