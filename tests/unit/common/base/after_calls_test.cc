#include "common/base/after_calls.h"

#include <doctest/doctest.h>

TEST_CASE("what is done after several calls is done with the last of them, once, whichever copy is called") {
  int done = 0;
  const std::function<void()> first = ingress::after_calls(3, [&done] { ++done; });
  const std::function<void()> second = first;
  first();
  second();
  CHECK(done == 0);
  first();
  CHECK(done == 1);
}
