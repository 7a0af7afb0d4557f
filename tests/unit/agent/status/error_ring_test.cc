#include "agent/status/error_ring.h"

#include <doctest/doctest.h>

using namespace ingress::agent;

TEST_CASE("the newest error is first, and one that comes again is counted and newest again") {
  ErrorRing ring;
  ring.add(1, "a", "one");
  ring.add(2, "b", "two");
  ring.add(3, "a", "one");
  ring.add(4, "a", "other");
  REQUIRE(ring.errors().size() == 3);
  CHECK(ring.errors()[0] == SeenError{4, "a", "other", 1});
  CHECK(ring.errors()[1] == SeenError{3, "a", "one", 2});
  CHECK(ring.errors()[2] == SeenError{2, "b", "two", 1});
}

TEST_CASE("the oldest errors are forgotten") {
  ErrorRing ring;
  for (int i = 0; i < 50; ++i) ring.add(i, "a", std::to_string(i));
  REQUIRE(ring.errors().size() == 20);
  CHECK(ring.errors().front().sentence == "49");
  CHECK(ring.errors().back().sentence == "30");
}
