#include "broker/client/exchange_limits.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>

#include "common/uv/timer.h"

using namespace ingress;
using namespace ingress::broker;

namespace {

struct Exchange final : LimitedExchange {
  void on_limit(const Error& error) override { over = error; }
  void on_resume() override { ++resumed; }
  bool client_took(transport::PeerProgress&) const override { return takes; }
  Side silent_side() override { return side; }

  // Turns the loop until `done`, or for so long.
  bool run(const std::function<bool()>& done, Duration most = Duration{20'000}) {
    bool held = false;
    uv::Timer poll(loop, [this, &done, &held] {
      held = done();
      if (held) loop.stop();
    });
    uv::Timer limit(loop, [this] { loop.stop(); });
    poll.start(Duration{5}, Duration{5});
    limit.start(most, Duration{0});
    loop.run();
    return held;
  }
  bool ends() {
    return run([this] { return over.has_value(); });
  }
  bool lasts(Duration time) {
    return !run([this] { return over.has_value(); }, time);
  }

  uv::Loop loop;
  Admitted admitted;
  std::unique_ptr<ExchangeLimits> limits;
  std::optional<Error> over;
  Side side = Side::kOrigin;
  bool takes = false;
  int resumed = 0;
};

constexpr Duration kShort{200};

}  // namespace

TEST_CASE("an exchange that is silent for as long as its policy allows is ended, and who was waited for is named") {
  for (const Side side : {Side::kOrigin, Side::kClient}) {
    Exchange exchange;
    exchange.side = side;
    exchange.admitted.terms.idle = kShort;
    exchange.limits = ExchangeLimits::of(exchange.loop, exchange.admitted, exchange);
    REQUIRE(exchange.ends());
    CHECK(exchange.over->side == side);
    CHECK(public_error(*exchange.over).code ==
          (side == Side::kClient ? ErrorCode::kRequestTimeout : ErrorCode::kOriginTimeout));
  }
}

TEST_CASE("a client that takes its answer is not silent; one that takes no more is") {
  Exchange exchange;
  exchange.takes = true;
  exchange.admitted.terms.idle = kShort;
  exchange.limits = ExchangeLimits::of(exchange.loop, exchange.admitted, exchange);
  CHECK(exchange.lasts(5 * kShort));
  exchange.takes = false;
  CHECK(exchange.ends());
}

TEST_CASE("no time of an exchange runs while its rate is used up") {
  Exchange exchange;
  exchange.admitted.terms.idle = exchange.admitted.terms.first_byte = kShort;
  exchange.admitted.holds.push_back(
      std::make_unique<RateHold>(std::make_shared<RateBucket>(exchange.loop.now()), 1000));
  exchange.limits = ExchangeLimits::of(exchange.loop, exchange.admitted, exchange);
  REQUIRE(exchange.limits->take_body(3000));
  REQUIRE(exchange.limits->paused());
  CHECK(exchange.run([&exchange] { return exchange.resumed > 0; }));
  CHECK_FALSE(exchange.over);
  // Then they begin anew.
  CHECK(exchange.ends());
}

TEST_CASE("an answer is due when the request's body moves no more") {
  Exchange exchange;
  exchange.admitted.terms.first_byte = Duration{1000};
  exchange.limits = ExchangeLimits::of(exchange.loop, exchange.admitted, exchange);
  uv::Timer upload(exchange.loop, [&exchange] { exchange.limits->take_body(1); });
  upload.start(Duration{20}, Duration{20});
  CHECK(exchange.lasts(Duration{2500}));
  upload.stop();
  REQUIRE(exchange.ends());
  CHECK(exchange.over->code == ErrorCode::kOriginTimeout);
}

TEST_CASE("an answer that began is not due, whatever its request's body does") {
  Exchange exchange;
  exchange.admitted.terms.first_byte = kShort;
  exchange.limits = ExchangeLimits::of(exchange.loop, exchange.admitted, exchange);
  exchange.limits->answer_began();
  REQUIRE(exchange.limits->take_body(1));
  CHECK(exchange.lasts(4 * kShort));
}
