#include "common/origin/http2_origin.h"

#include <algorithm>
#include <utility>

#include "common/origin/http2_exchange.h"

namespace ingress::origin {
namespace {

constexpr Error kIdle{ErrorCode::kClosed, Side::kOrigin, false, 0, "the connection was idle"};

}  // namespace

Http2Origin::Http2Origin(uv::Loop& loop, const PoolLimits& limits, const Target& target, const Witness& witness)
    : loop_(loop), limits_(limits), witness_(witness), target_(target) {}

Http2Origin::~Http2Origin() {
  if (dialer_ != nullptr) {
    dialer_->cancel();
    loop_.bury(std::move(dialer_));
  }
  while (!connections_.empty()) connections_.back()->close(kIdle);
}

std::unique_ptr<Exchange> Http2Origin::start(const Request& request, const Timeouts& timeouts,
                                             ExchangeHandler& handler) {
  // Its handle owns it, and buries it.
  auto exchange = std::make_unique<Http2Exchange>(loop_, *this);
  return exchange.release()->start(request, timeouts, handler);
}

void Http2Origin::place(Http2Exchange& exchange) {
  if (waiting_.empty() && place_now(exchange)) return;
  waiting_.push_back(&exchange);
  dial_for_waiting();
}

void Http2Origin::forget(Http2Exchange& exchange) { std::erase(waiting_, &exchange); }

void Http2Origin::close_idle() {
  std::vector<Http2Connection*> idle;
  for (const auto& connection : connections_) {
    if (connection->idle()) idle.push_back(connection.get());
  }
  for (Http2Connection* connection : idle) connection->close(kIdle);
}

size_t Http2Origin::idle_count() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                           [](const auto& connection) { return connection->idle(); }));
}

bool Http2Origin::place_now(Http2Exchange& exchange) {
  for (const auto& connection : connections_) {
    if (connection->takes_stream() && exchange.use(*connection)) return true;
  }
  return false;
}

void Http2Origin::serve_waiting() {
  while (!waiting_.empty()) {
    Http2Exchange* const first = waiting_.front();
    if (!place_now(*first)) break;
    waiting_.pop_front();
  }
  if (!waiting_.empty()) dial_for_waiting();
}

// Unless a connection is being made, or is about to tell how many it takes.
void Http2Origin::dial_for_waiting() {
  const bool will_tell = std::any_of(connections_.begin(), connections_.end(),
                                     [](const auto& connection) { return connection->is_young(); });
  if (will_tell || dialer_ != nullptr) return;
  dialer_ = std::make_unique<Dialer>(loop_, static_cast<DialHandler&>(*this));
  const Timeouts& timeouts = waiting_.front()->timeouts();
  const bool lately = (good_at_ && loop_.now() - *good_at_ < kGoodLately) || (witness_ && witness_(target_));
  dialer_->start(target_, last_good_, timeouts.connect, lately ? timeouts.refused_wait : Duration{0});
}

void Http2Origin::on_dialed(std::unique_ptr<uv::Socket> socket, size_t index) {
  loop_.bury(std::move(dialer_));
  last_good_ = index;
  good_at_ = loop_.now();
  connections_.push_back(
      std::make_unique<Http2Connection>(loop_, limits_, std::move(socket), static_cast<Http2ConnectionOwner&>(*this)));
  connections_.back()->start();
  serve_waiting();
}

void Http2Origin::on_dial_failed(const Error& error) {
  loop_.bury(std::move(dialer_));
  const Error told = error;
  // Those that come while these are told begin anew.
  for (Http2Exchange* exchange : std::exchange(waiting_, {})) exchange->dial_failed(told);
}

void Http2Origin::on_connection_over(Http2Connection& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&connection](const auto& each) { return each.get() == &connection; });
  loop_.bury(std::move(*found));
  connections_.erase(found);
  good_at_ = loop_.now();
  serve_waiting();
}

}  // namespace ingress::origin
