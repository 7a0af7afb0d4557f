#include "broker/tunnel/join_refusals.h"

#include <doctest/doctest.h>

namespace ingress::broker {
namespace {

constexpr int64_t kEnd = 100 + JoinRefusals::kRememberedSeconds;

TEST_CASE("a refusal is remembered for a while, of its machine and its join token alone") {
  JoinRefusals refusals;
  refusals.add("mach_1", "jt_1", "the quota is used up", 100);
  CHECK(refusals.why("mach_1", "jt_1", 100) == "the quota is used up");
  CHECK(refusals.why("mach_1", "jt_1", kEnd - 1) == "the quota is used up");
  CHECK(refusals.why("mach_1", "jt_1", kEnd).empty());
  CHECK(refusals.why("mach_1", "jt_2", 100).empty());
  CHECK(refusals.why("mach_2", "jt_1", 100).empty());
  refusals.add("mach_1", "jt_1", "another reason", kEnd);
  CHECK(refusals.why("mach_1", "jt_1", kEnd) == "another reason");
}

TEST_CASE("of too many the one that is nearest to its end is forgotten") {
  JoinRefusals refusals;
  refusals.add("first", "jt", "x", 100);
  for (size_t i = 0; i < JoinRefusals::kMost; ++i) refusals.add("mach_" + std::to_string(i), "jt", "x", 101);
  CHECK(refusals.why("first", "jt", 101).empty());
  CHECK(refusals.why("mach_0", "jt", 101) == "x");
  refusals.add("last", "jt", "x", kEnd + 1);
  CHECK(refusals.why("last", "jt", kEnd + 1) == "x");
}

}  // namespace
}  // namespace ingress::broker
