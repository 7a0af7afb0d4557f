#include "broker/client/exchange_limits.h"

#include <algorithm>

namespace ingress::broker {
namespace {

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
  const Terms& terms = admitted.terms;
  if (terms.idle.count() > 0) idle_.arm(loop.now() + terms.idle);
  if (terms.first_byte.count() > 0) first_byte_.arm(loop.now() + terms.first_byte);
}

void ExchangeLimits::moved(size_t bytes) {
  const Time now = loop_.now();
  if (admitted_.terms.idle.count() > 0) idle_.arm(now + admitted_.terms.idle);
  Duration wait{0};
  for (const auto& hold : admitted_.holds) {
    if (hold->limits_bytes()) wait = std::max(wait, hold->take_bytes(bytes, now));
  }
  if (wait.count() > 0) pause_.arm(now + wait);
}

bool ExchangeLimits::take_body(size_t bytes) {
  body_bytes_ += bytes;
  moved(bytes);
  return body_bytes_ <= admitted_.terms.max_body_bytes;
}

void ExchangeLimits::take_bytes(size_t bytes) { moved(bytes); }

void ExchangeLimits::on_deadline(Deadline& deadline) {
  if (&deadline == &pause_) return exchange_.on_resume();
  exchange_.on_limit(&deadline == &idle_ ? kSilent : kNoAnswer);
}

}  // namespace ingress::broker
