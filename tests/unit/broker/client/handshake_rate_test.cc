#include "broker/client/handshake_rate.h"

#include <doctest/doctest.h>

#include "broker/client/memory_budget.h"

using namespace ingress;
using namespace ingress::broker;

namespace {

int taken(HandshakeRate& rate, std::string_view ip, Time now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += rate.take(ip, now) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("an address has the handshakes of two seconds at once, and then so many a second") {
  HandshakeRate rate(5);
  Time now{std::chrono::hours(1)};
  CHECK(taken(rate, "192.0.2.1", now, 20) == 10);
  now += Duration{199};
  CHECK(taken(rate, "192.0.2.1", now, 20) == 0);
  now += Duration{2};
  CHECK(taken(rate, "192.0.2.1", now, 20) == 1);
  now += Duration{60000};
  CHECK(taken(rate, "192.0.2.1", now, 20) == 10);
}

TEST_CASE("addresses count apart, those of one /64 together") {
  HandshakeRate rate(1);
  const Time now{std::chrono::hours(1)};
  CHECK(taken(rate, "192.0.2.1", now, 9) == 2);
  CHECK(taken(rate, "192.0.2.2", now, 9) == 2);
  CHECK(taken(rate, "2001:db8::1", now, 9) == 2);
  CHECK(taken(rate, "2001:db8::2", now, 9) == 0);
  CHECK(taken(rate, "2001:db8:0:1::2", now, 9) == 2);
  CHECK(taken(rate, "::ffff:192.0.2.3", now, 9) == 2);
  CHECK(taken(rate, "::ffff:192.0.2.4", now, 9) == 2);
}

TEST_CASE("no more addresses are remembered than there is room for, and full buckets make room") {
  HandshakeRate rate(1);
  Time now{std::chrono::hours(1)};
  for (size_t i = 0; i < HandshakeRate::kMostAddresses + 100; ++i) {
    REQUIRE(rate.take(
        "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256), now));
  }
  CHECK(rate.remembered() == HandshakeRate::kMostAddresses);
  now += Duration{5000};
  CHECK(rate.take("192.0.2.1", now));
  CHECK(rate.remembered() == 1);
}

TEST_CASE("a memory budget is exceeded above it, and kept again a tenth below") {
  MemoryBudget none(0);
  CHECK_FALSE(none.note(size_t{1} << 40));
  CHECK_FALSE(none.exceeded());
  MemoryBudget budget(1000);
  CHECK_FALSE(budget.note(1000));
  CHECK(budget.note(1001));
  CHECK(budget.exceeded());
  CHECK_FALSE(budget.note(950));
  CHECK(budget.exceeded());
  CHECK(budget.note(900));
  CHECK_FALSE(budget.exceeded());
}
