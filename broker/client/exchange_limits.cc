#include "broker/client/exchange_limits.h"

#include <algorithm>

namespace ingress::broker {
namespace {

constexpr Error kSilentClient{ErrorCode::kTimeout, Side::kClient, false, 0,
                              "nothing came for as long as the policy allows"};
constexpr Error kSilent{ErrorCode::kOriginTimeout, Side::kOrigin, false, 0,
                        "nothing came for as long as the policy allows"};
constexpr Error kNoAnswer{ErrorCode::kOriginTimeout, Side::kOrigin, false, 0,
                          "the answer did not begin in the time that the policy allows"};

bool limits_anything(const Admitted& admitted) {
  const Terms& terms = admitted.terms;
  return terms.max_body_bytes != UINT64_MAX || terms.idle.count() > 0 || terms.first_byte.count() > 0 ||
         std::any_of(admitted.holds.begin(), admitted.holds.end(),
                     [](const auto& hold) { return hold->limits_bytes(); });
}

}  // namespace

std::unique_ptr<ExchangeLimits> ExchangeLimits::of(uv::Loop& loop, const Admitted& admitted,
                                                   LimitedExchange& exchange) {
  if (!limits_anything(admitted)) return nullptr;
  return std::unique_ptr<ExchangeLimits>(new ExchangeLimits(loop, admitted, exchange));
}

ExchangeLimits::ExchangeLimits(uv::Loop& loop, const Admitted& admitted, LimitedExchange& exchange)
    : loop_(loop),
      admitted_(admitted),
      exchange_(exchange),
      idle_(loop.deadlines(), *this),
      first_byte_(loop.deadlines(), *this),
      pause_(loop.deadlines(), *this) {
  begin_anew();
}

void ExchangeLimits::begin_anew() {
  begin_idle();
  begin_first_byte();
}

void ExchangeLimits::begin_idle() {
  const Duration limit = admitted_.terms.idle;
  if (limit.count() > 0) silence_.begin(idle_, loop_.now(), limit);
}

void ExchangeLimits::begin_first_byte() {
  const Duration limit = admitted_.terms.first_byte;
  if (limit.count() > 0 && !answer_began_) first_byte_.arm(loop_.now() + limit);
}

void ExchangeLimits::answer_began() {
  answer_began_ = true;
  first_byte_.cancel();
}

void ExchangeLimits::count(size_t bytes) {
  begin_idle();
  const Time now = loop_.now();
  Duration wait{0};
  for (const auto& hold : admitted_.holds) {
    if (hold->limits_bytes()) wait = std::max(wait, hold->take_bytes(bytes, now));
  }
  if (wait.count() > 0) pause_.arm(now + wait);
}

bool ExchangeLimits::take_body(size_t bytes) {
  body_bytes_ += bytes;
  begin_first_byte();
  count(bytes);
  return body_bytes_ <= admitted_.terms.max_body_bytes;
}

void ExchangeLimits::take_bytes(size_t bytes) { count(bytes); }

void ExchangeLimits::on_deadline(Deadline& deadline) {
  if (&deadline == &pause_) {
    begin_anew();
    return exchange_.on_resume();
  }
  if (&deadline == &idle_) return look_for_silence();
  if (paused()) return begin_first_byte();
  exchange_.on_limit(kNoAnswer);
}

void ExchangeLimits::look_for_silence() {
  if (paused() || exchange_.client_took(taken_)) return begin_idle();
  if (!silence_.lasted(idle_, loop_.now(), admitted_.terms.idle)) return;
  exchange_.on_limit(exchange_.silent_side() == Side::kClient ? kSilentClient : kSilent);
}

}  // namespace ingress::broker
