#include "agent/ports/port_ledger.h"

#include <doctest/doctest.h>

using namespace ingress;
using namespace ingress::agent;

namespace {

ListeningPorts ports(const std::vector<int>& numbers) {
  ListeningPorts made;
  for (const int number : numbers) made.ports.push_back({number, ""});
  return made;
}

Time at(int64_t milliseconds) { return Time{Duration{1000000 + milliseconds}}; }

}  // namespace

TEST_CASE("the first look is news, and then only what is different") {
  PortLedger ledger;
  CHECK(ledger.take(ports({}), at(0)));
  CHECK_FALSE(ledger.take(ports({}), at(1)));
  CHECK(ledger.take(ports({3000}), at(2)));
  CHECK_FALSE(ledger.take(ports({3000}), at(3)));
  ListeningPorts named = ports({3000});
  named.ports[0].process = "node";
  CHECK(ledger.take(named, at(4)));
  CHECK(ledger.take(ports({}), at(5)));
  CHECK(ledger.now_listening() == ports({}));
}

TEST_CASE("looks become rarer while nothing changes, and near again when something does") {
  PortLedger ledger;
  ledger.take(ports({3000}), at(0));
  CHECK(ledger.pause() == Duration{2000});
  for (int i = 0; i < 15; ++i) ledger.take(ports({3000}), at(1));
  CHECK(ledger.pause() == Duration{2000});
  ledger.take(ports({3000}), at(2));
  CHECK(ledger.pause() == Duration{4000});
  for (int i = 0; i < 100; ++i) ledger.take(ports({3000}), at(3));
  CHECK(ledger.pause() == Duration{8000});
  ledger.take(ports({3000, 4000}), at(4));
  CHECK(ledger.pause() == Duration{2000});
  for (int i = 0; i < 100; ++i) ledger.take(ports({3000, 4000}), at(5));
  ledger.hurry();
  CHECK(ledger.pause() == Duration{2000});
}

TEST_CASE("a port that was seen listened lately for a minute more") {
  PortLedger ledger;
  ledger.take(ports({3000}), at(0));
  ledger.take(ports({}), at(2000));
  CHECK(ledger.listened_lately(3000, at(59999)));
  CHECK_FALSE(ledger.listened_lately(3000, at(60000)));
  CHECK_FALSE(ledger.listened_lately(4000, at(0)));
  ledger.take(ports({3000}), at(100000));
  CHECK(ledger.listened_lately(3000, at(100000)));
}
