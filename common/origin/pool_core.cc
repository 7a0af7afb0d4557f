#include "common/origin/pool_core.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/tls/tls_session.h"

namespace ingress::origin {
namespace {

// Takes `wanted` out of `list`.
template <class T>
std::unique_ptr<T> take_out(std::vector<std::unique_ptr<T>>& list, const T& wanted) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&wanted](const std::unique_ptr<T>& each) { return each.get() == &wanted; });
  assert(found != list.end());
  std::unique_ptr<T> taken = std::move(*found);
  list.erase(found);
  return taken;
}

}  // namespace

PoolCore::~PoolCore() { assert(active_ == 0); }

std::unique_ptr<Exchange> PoolCore::start(const Target& target, const Request& request, const Timeouts& timeouts,
                                          ExchangeHandler& handler) {
  if (request.protocol == Protocol::kH2c && !request.upgrade) {
    return http2_origin(target).start(request, timeouts, handler);
  }
  std::unique_ptr<ActiveExchange> exchange;
  if (spare_.empty()) {
    exchange = std::make_unique<ActiveExchange>(*this);
  } else {
    exchange = std::move(spare_.back());
    spare_.pop_back();
  }
  ++active_;
  // From here on the handle owns it; recycle() takes it back.
  return exchange.release()->start(target, request, timeouts, handler);
}

Http2Origin& PoolCore::http2_origin(const Target& target) {
  std::unique_ptr<Http2Origin>& origin = http2_origins_[target.key];
  if (origin == nullptr) origin = std::make_unique<Http2Origin>(loop_, limits_, target, witness_);
  return *origin;
}

void PoolCore::recycle(std::unique_ptr<ActiveExchange> exchange) {
  --active_;
  if (spare_.size() < kMostSpare) {
    spare_.push_back(std::move(exchange));
  } else {
    loop_.bury(std::move(exchange));
  }
}

void PoolCore::connect(const Target& target, Duration timeout, OriginPool::OnConnected on_connected) {
  probes_.push_back(std::make_unique<Probe>(*this, std::move(on_connected)));
  probes_.back()->start(target, last_good(target), timeout);
}

void PoolCore::drop_probe(Probe& probe) { loop_.bury(take_out(probes_, probe)); }

bool PoolCore::trusts_last_idle(TargetState& state) const {
  const Time now = loop_.now();
  state.seen_kept = std::max(state.seen_kept, now - state.idle.front()->idle_since());
  const Duration age = now - state.idle.back()->idle_since();
  return age <= limits_.fresh_limit && std::min(age + limits_.trust_margin, limits_.fresh_limit) <= state.seen_kept;
}

void PoolCore::distrust(OriginConnection& connection) {
  TargetState& state = connection.target();
  state.seen_kept = std::min(state.seen_kept, (loop_.now() - connection.idle_since()) / 2);
}

std::unique_ptr<OriginConnection> PoolCore::take_idle(const Target& target, bool trusted) {
  const auto found = targets_.find(target.key);
  if (found == targets_.end()) return nullptr;
  std::vector<std::unique_ptr<OriginConnection>>& idle = found->second.idle;
  while (trusted && !idle.empty()) {
    if (!trusts_last_idle(found->second)) return nullptr;
    if (idle.back()->quiet()) break;
    distrust(*idle.back());
    drop_idle(*idle.back());
  }
  if (idle.empty()) return nullptr;
  std::unique_ptr<OriginConnection> connection = std::move(idle.back());
  idle.pop_back();
  --idle_count_;
  return connection;
}

size_t PoolCore::last_good(const Target& target) const {
  const auto found = targets_.find(target.key);
  if (found == targets_.end() || found->second.last_good >= target.addresses.size()) return 0;
  return found->second.last_good;
}

Duration PoolCore::patience(const Target& target, const Timeouts& timeouts) const {
  const auto found = targets_.find(target.key);
  const bool lately =
      (found != targets_.end() && loop_.now() - found->second.good_at < kGoodLately) || (witness_ && witness_(target));
  return lately ? timeouts.refused_wait : Duration{0};
}

std::unique_ptr<OriginConnection> PoolCore::adopt(const Target& target, size_t address_index,
                                                  std::unique_ptr<uv::Socket> socket) {
  TargetState& state = targets_[target.key];
  state.last_good = address_index;
  state.good_at = loop_.now();
  std::unique_ptr<tls::TlsSession> session;
  if (target.tls != nullptr) session = tls::TlsSession::connect(*target.tls, target.host);
  return std::make_unique<OriginConnection>(*this, state, std::move(socket), std::move(session));
}

void PoolCore::put_idle(std::unique_ptr<OriginConnection> connection) {
  connection->target().good_at = loop_.now();
  std::vector<std::unique_ptr<OriginConnection>>& idle = connection->target().idle;
  if (idle.size() >= limits_.idle_per_target) return close_now(std::move(connection));
  connection->become_idle();
  idle.push_back(std::move(connection));
  ++idle_count_;
}

void PoolCore::close_when_flushed(std::unique_ptr<OriginConnection> connection) {
  connection->become_closing();
  closing_.push_back(std::move(connection));
}

void PoolCore::close_now(std::unique_ptr<OriginConnection> connection) {
  connection->become_dead();
  loop_.bury(std::move(connection));
}

void PoolCore::drop_idle(OriginConnection& connection) {
  connection.target().good_at = loop_.now();  // it was there until now
  --idle_count_;
  close_now(take_out(connection.target().idle, connection));
}

void PoolCore::drop_closed(OriginConnection& connection) { close_now(take_out(closing_, connection)); }

void PoolCore::close_idle() {
  for (auto& [key, state] : targets_) {
    while (!state.idle.empty()) drop_idle(*state.idle.back());
  }
  for (auto& [key, origin] : http2_origins_) origin->close_idle();
}

bool PoolCore::shed_idle() {
  constexpr Duration kMoment{200};
  if (idle_count() > 0) {
    close_idle();
    shed_at_ = loop_.now();
  }
  return shed_at_ != Time{} && loop_.now() - shed_at_ < kMoment;
}

size_t PoolCore::idle_count() const {
  size_t count = idle_count_;
  for (const auto& [key, origin] : http2_origins_) count += origin->idle_count();
  return count;
}

}  // namespace ingress::origin
