#include "common/base/gate.h"

#include <doctest/doctest.h>

#include <utility>

using ingress::Gate;

TEST_CASE("a gate with nobody inside is done at once") {
  Gate gate;
  bool done = false;
  gate.close([&done] { done = true; });
  CHECK(done);
}

TEST_CASE("a gate calls back once, when the last pass is gone") {
  Gate gate;
  int done = 0;
  {
    Gate::Pass first = gate.enter();
    {
      Gate::Pass second = gate.enter();
      CHECK(gate.inside() == 2);
      gate.close([&done] { ++done; });
    }
    CHECK(done == 0);
    Gate::Pass moved = std::move(first);
    CHECK(gate.inside() == 1);
  }
  CHECK(done == 1);
  CHECK(gate.inside() == 0);
}
