#include "common/base/idle_memory_rule.h"

#include <doctest/doctest.h>

using ingress::Duration;
using ingress::IdleMemoryRule;

namespace {

constexpr size_t kMiB = size_t{1} << 20;

// A rule, asked period after period.
struct Process {
  IdleMemoryRule rule;
  Duration cpu{0};

  bool period(Duration used, size_t spare_mib) {
    cpu += used;
    return rule.due(cpu, spare_mib * kMiB);
  }
};

constexpr Duration kIdle{1};
constexpr Duration kBusy{2000};

// A process whose start is over and which has 5 MiB to spare.
Process settled() {
  Process process;
  process.period(kIdle, 12);
  process.period(kIdle, 5);
  return process;
}

}  // namespace

TEST_CASE("what the start needed is given back at the first quiet period, once") {
  Process process;
  CHECK_FALSE(process.period(kBusy, 12));
  CHECK(process.period(kIdle, 12));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(process.period(kIdle, 5));
}

TEST_CASE("memory of a burst is given back at the first quiet period after it, once") {
  Process process = settled();
  CHECK_FALSE(process.period(kBusy, 60));
  CHECK_FALSE(process.period(kBusy, 60));
  CHECK(process.period(kIdle, 60));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(process.period(kIdle, 6));
}

TEST_CASE("memory that is freed long after the burst, in a quiet period, is given back too") {
  Process process = settled();
  process.period(kBusy, 8);
  CHECK(process.period(kIdle, 8));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(process.period(kIdle, 5));
  CHECK(process.period(kIdle, 45));
}

TEST_CASE("what comes back after memory was given back is usual") {
  Process process = settled();
  process.period(kBusy, 60);
  CHECK(process.period(kIdle, 60));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(process.period(kIdle, 58));
}

TEST_CASE("a busy process is left alone however much it grows") {
  Process process = settled();
  for (size_t i = 0; i < 100; ++i) CHECK_FALSE(process.period(kBusy, 5 + i));
}

TEST_CASE("growth below two MiB is not worth it") {
  Process process = settled();
  CHECK_FALSE(process.period(kIdle, 6));
  CHECK(process.period(kIdle, 7));
}
