#include "common/tunnel/receive_credit.h"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <vector>

#include "common/tunnel/credit_budget.h"
#include "common/tunnel/session_limits.h"

namespace ingress::tunnel {
namespace {

constexpr uint32_t kKiB = 1024;
constexpr uint32_t kBudget = 16 * 1024 * kKiB;

// All that a session may have granted beyond the initial windows.
uint64_t most_granted(const SessionLimits& limits) { return uint64_t{limits.window_budget_bytes} * 3 / 2; }

struct Line {
  explicit Line(SessionLimits given = {}) : limits(given), credit(limits) {}

  // The peer sends all that it may and the reader passes it on at once; returns what was granted.
  uint32_t flow(ReceiveWindow& window) {
    const uint32_t bytes = window.credit;
    REQUIRE(credit.admit(window, bytes, now));
    return credit.consumed(window, bytes, now);
  }
  // Round trips of `milliseconds` with a reader that keeps up.
  void run(const std::vector<ReceiveWindow*>& windows, int rounds, int milliseconds) {
    for (int i = 0; i < rounds; ++i) {
      for (ReceiveWindow* window : windows) flow(*window);
      now += Duration{milliseconds};
    }
  }

  SessionLimits limits;
  ReceiveCredit credit;
  Time now{Duration{5000}};
};

TEST_CASE("where it is granted late a stream begins without credit, and gets all of it at once") {
  SessionLimits limits;
  limits.grants_late = true;
  Line line(limits);
  ReceiveWindow window;
  line.credit.open(window, line.now);
  CHECK(window.credit == 0);
  CHECK_FALSE(line.credit.admit(window, 1, line.now));
  CHECK(line.credit.take_owed(window) == 32 * kKiB);
  CHECK(line.credit.take_owed(window) == 0);
  CHECK(line.flow(window) > 0);
  CHECK(window.held() == 0);
}

TEST_CASE("credit is given back in steps of half a small window, and short messages cause none") {
  Line line;
  ReceiveWindow window;
  line.credit.open(window, line.now);
  CHECK(window.credit == 32 * kKiB);
  REQUIRE(line.credit.admit(window, 16 * kKiB, line.now));
  CHECK(line.credit.consumed(window, 16 * kKiB - 1, line.now) == 0);
  CHECK(line.credit.consumed(window, 1, line.now) == 16 * kKiB);
  CHECK(window.credit == 32 * kKiB);
}

TEST_CASE("more than the credit is refused, all of it is not") {
  Line line;
  ReceiveWindow window;
  line.credit.open(window, line.now);
  CHECK_FALSE(line.credit.admit(window, 32 * kKiB + 1, line.now));
  CHECK(line.credit.admit(window, 32 * kKiB, line.now));
  CHECK_FALSE(line.credit.admit(window, 1, line.now));
}

TEST_CASE("one bulk stream gets 512 KiB at first, in steps of 32 KiB") {
  Line line;
  line.credit.set_round_trip(Duration{20});
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.run({&window}, 1, 20);
  CHECK(window.bulk);
  CHECK(window.window == 512 * kKiB);
  CHECK(line.credit.used_bytes() == 480 * kKiB);
  REQUIRE(line.credit.admit(window, 64 * kKiB, line.now));
  CHECK(line.credit.consumed(window, 32 * kKiB - 1, line.now) == 0);
  CHECK(line.credit.consumed(window, 1, line.now) == 32 * kKiB);
}

TEST_CASE("the pool follows the bandwidth-delay product, up to the budget and the largest window") {
  SessionLimits limits;
  limits.window_budget_bytes = 64 * 1024 * kKiB;
  limits.max_window_bytes = 3 * 1024 * kKiB;
  Line line(limits);
  line.credit.set_round_trip(Duration{50});
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.run({&window}, 30, 50);
  CHECK(window.window == 3 * 1024 * kKiB);

  Line budgeted;  // 16 MiB for all
  budgeted.credit.set_round_trip(Duration{50});
  budgeted.credit.open(window, budgeted.now);
  budgeted.run({&window}, 30, 50);
  CHECK(window.window == kBudget);
  CHECK(budgeted.credit.pool_bytes() == kBudget);
}

TEST_CASE("the pool does not grow where it does not limit, and shrinks again where it is far too large") {
  Line line;
  line.credit.set_round_trip(Duration{10});
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.run({&window}, 10, 10);
  CHECK(line.credit.pool_bytes() == kBudget);
  line.run({&window}, 20, 95);  // over 8 round trips and 8 ms
  CHECK(line.credit.pool_bytes() == 512 * kKiB);
  CHECK(window.bulk);
  CHECK(window.window == 512 * kKiB);
  line.run({&window}, 10, 40);  // over 2, under 8
  CHECK(line.credit.pool_bytes() == 512 * kKiB);
}

TEST_CASE("bulk streams share the pool, with 64 KiB each at least, and windows above the share shrink") {
  Line line;
  line.credit.set_round_trip(Duration{1});
  std::vector<ReceiveWindow> windows(16);
  std::vector<ReceiveWindow*> all;
  line.credit.open(windows[0], line.now);
  line.run({&windows[0]}, 3, 4);
  CHECK(windows[0].window == 512 * kKiB);
  for (ReceiveWindow& window : windows) {
    if (&window != &windows[0]) line.credit.open(window, line.now);
    all.push_back(&window);
  }
  line.run(all, 8, 4);
  for (const ReceiveWindow& window : windows) {
    CHECK(window.bulk);
    CHECK(window.window == 64 * kKiB);
  }
  CHECK(line.credit.used_bytes() == 16 * 32 * kKiB);
  for (size_t i = 1; i < windows.size(); ++i) line.credit.close(windows[i]);
  line.run({&windows[0]}, 3, 4);
  CHECK(windows[0].window == 512 * kKiB);
  line.credit.close(windows[0]);
  CHECK(line.credit.used_bytes() == 0);
  CHECK(line.credit.bulk_streams() == 0);
}

TEST_CASE("what is granted beyond the initial windows never passes the budget") {
  SessionLimits limits;
  limits.window_budget_bytes = 100 * kKiB;
  Line line(limits);
  std::vector<ReceiveWindow> windows(20);
  std::vector<ReceiveWindow*> all;
  for (ReceiveWindow& window : windows) {
    line.credit.open(window, line.now);
    all.push_back(&window);
  }
  for (int i = 0; i < 20; ++i) {
    line.run(all, 1, 1);
    uint64_t sum = 0;
    for (const ReceiveWindow& window : windows) sum += window.window - 32 * kKiB;
    CHECK(sum <= 100 * kKiB);
    CHECK(sum == line.credit.used_bytes());
  }
  CHECK(line.credit.used_bytes() == 100 * kKiB);
}

TEST_CASE("a slow reader stays at its initial window") {
  Line line;
  ReceiveWindow window;
  line.credit.open(window, line.now);
  for (int i = 0; i < 200; ++i) {
    const uint32_t bytes = std::min(window.credit, 4 * kKiB);
    REQUIRE(line.credit.admit(window, bytes, line.now));
    line.now += Duration{10};
    line.credit.consumed(window, bytes, line.now);
  }
  CHECK_FALSE(window.bulk);
  CHECK(window.window == 32 * kKiB);
}

TEST_CASE("a fast reader that becomes slow falls back to its initial window and gives its share up") {
  Line line;
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.run({&window}, 3, 1);
  REQUIRE(window.window >= 512 * kKiB);
  REQUIRE(line.credit.admit(window, window.credit, line.now));
  for (int i = 0; i < 1000; ++i) {
    line.now += Duration{10};
    line.credit.consumed(window, std::min(window.held(), 4 * kKiB), line.now);
    line.credit.admit(window, window.credit, line.now);
  }
  CHECK_FALSE(window.bulk);
  CHECK(window.window == 32 * kKiB);
  CHECK(line.credit.used_bytes() == 0);
}

// Grows as far as it may, and then its reader stops.
void get_stuck(Line& line, ReceiveWindow& window, int milliseconds) {
  line.credit.open(window, line.now);
  line.run({&window}, 12, milliseconds);
  REQUIRE(line.credit.admit(window, window.credit, line.now));
}

TEST_CASE("a reader that stops takes nothing from the others of its tunnel") {
  Line line;
  line.credit.set_round_trip(Duration{40});
  ReceiveWindow stuck;
  get_stuck(line, stuck, 40);
  REQUIRE(stuck.window == kBudget);
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.run({&window}, 12, 40);
  line.run({&window}, 24, 40);
  CHECK_FALSE(stuck.bulk);
  CHECK(window.window >= kBudget / 4);
  CHECK(line.credit.bulk_streams() == 1);
  line.credit.close(stuck);
  line.run({&window}, 12, 40);
  CHECK(window.window == kBudget);
}

TEST_CASE("however many readers stop, memory stays bounded and the others have a window") {
  Line line;
  line.credit.set_round_trip(Duration{40});
  std::vector<ReceiveWindow> stuck(50);
  for (ReceiveWindow& window : stuck) {
    get_stuck(line, window, 40);
    REQUIRE(line.credit.used_bytes() <= most_granted(line.limits));
  }
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.run({&window}, 40, 40);
  CHECK(window.window >= 32 * kKiB);
  for (ReceiveWindow& each : stuck) line.credit.close(each);
  line.run({&window}, 40, 40);
  CHECK(window.window == kBudget);
}

TEST_CASE("sessions that share a budget never grant more than it, and one that begins has its part") {
  CreditBudget shared(uint64_t{20} * 1024 * kKiB);
  SessionLimits limits;
  limits.shared_budget = &shared;
  std::vector<std::unique_ptr<Line>> lines;
  std::vector<ReceiveWindow> windows(8);
  for (ReceiveWindow& window : windows) {
    Line& line = *lines.emplace_back(std::make_unique<Line>(limits));
    line.credit.set_round_trip(Duration{50});
    line.credit.open(window, line.now);
  }
  for (int round = 0; round < 60; ++round) {
    uint64_t used = 0;
    for (size_t i = 0; i < windows.size(); ++i) {
      lines[i]->run({&windows[i]}, 1, 50);
      used += lines[i]->credit.used_bytes();
    }
    REQUIRE(shared.used_bytes() == used);
    REQUIRE(used <= 20 * 1024 * kKiB);
  }
  for (const ReceiveWindow& window : windows) CHECK(window.window >= 1024 * kKiB);
  for (size_t i = 1; i < windows.size(); ++i) lines[i]->credit.close(windows[i]);
  lines[0]->run({&windows[0]}, 40, 50);
  CHECK(windows[0].window >= 9 * 1024 * kKiB);
}

TEST_CASE("a shared budget that is used up leaves streams their first window, and a session that ends gives all back") {
  CreditBudget shared(uint64_t{1024} * kKiB);
  SessionLimits limits;
  limits.shared_budget = &shared;
  auto first = std::make_unique<Line>(limits);
  first->credit.set_round_trip(Duration{40});
  std::vector<ReceiveWindow> stuck(12);
  for (ReceiveWindow& window : stuck) get_stuck(*first, window, 40);
  REQUIRE(shared.free_bytes() < 64 * kKiB);
  Line second(limits);
  ReceiveWindow window;
  second.credit.open(window, second.now);
  second.run({&window}, 20, 1);
  CHECK(window.window <= 96 * kKiB);
  CHECK(second.flow(window) > 0);
  first.reset();
  second.run({&window}, 20, 1);
  CHECK(window.window >= 512 * kKiB);
  CHECK(shared.used_bytes() == second.credit.used_bytes());
}

TEST_CASE("a reader that stopped and goes on is bulk again") {
  Line line;
  line.credit.set_round_trip(Duration{10});
  ReceiveWindow first;
  ReceiveWindow second;
  get_stuck(line, first, 10);
  line.credit.open(second, line.now);
  line.run({&second}, 60, 10);
  REQUIRE_FALSE(first.bulk);
  line.credit.consumed(first, first.held(), line.now);
  line.run({&first, &second}, 60, 10);
  CHECK(first.bulk);
  CHECK(first.window == kBudget / 2);
  CHECK(second.window == kBudget / 2);
}

TEST_CASE("a wait for the first byte does not make a fast reader slow") {
  Line line;
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.now += Duration{60000};
  line.run({&window}, 1, 1);
  CHECK(window.bulk);
}

TEST_CASE("after the peer's end nothing is granted, and what the reader holds is still counted until it is passed on") {
  Line line;
  ReceiveWindow window;
  line.credit.open(window, line.now);
  line.run({&window}, 2, 1);
  REQUIRE(line.credit.admit(window, window.credit, line.now));
  const uint32_t held = window.held();
  line.credit.end(window);
  line.credit.end(window);
  CHECK(line.credit.used_bytes() == held - 32 * kKiB);
  CHECK(line.credit.consumed(window, held, line.now) == 0);
  CHECK(line.credit.take_owed(window) == 0);
  CHECK(line.credit.used_bytes() == 0);
}

TEST_CASE("whatever happens, credit and what is held and owed add up to the window, and nothing is lost") {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    Line line;
    line.credit.set_round_trip(Duration{random() % 30});
    std::vector<ReceiveWindow> windows(1 + random() % 12);
    for (ReceiveWindow& window : windows) line.credit.open(window, line.now);
    for (int step = 0; step < 2000; ++step) {
      ReceiveWindow& window = windows[random() % windows.size()];
      line.now += Duration{random() % 3};
      const uint32_t before = window.credit;
      if (random() % 2 == 0) {
        const uint32_t bytes = window.credit == 0 ? 0 : static_cast<uint32_t>(random() % window.credit) + 1;
        REQUIRE(line.credit.admit(window, bytes, line.now));
        REQUIRE(window.credit == before - bytes);
      } else {
        const uint32_t bytes = window.held() == 0 ? 0 : static_cast<uint32_t>(random() % window.held()) + 1;
        const uint32_t granted = line.credit.consumed(window, bytes, line.now);
        REQUIRE(window.credit == before + granted);
      }
      REQUIRE(window.credit + window.owed <= window.window);
      REQUIRE(window.window >= 32 * kKiB);
      REQUIRE((window.credit > 0 || window.held() > 0));  // a reader that passes everything on is never stuck
      REQUIRE(line.credit.bulk_bytes() <= line.limits.window_budget_bytes);
      REQUIRE(line.credit.used_bytes() <= most_granted(line.limits));
    }
    for (ReceiveWindow& window : windows) line.credit.close(window);
    REQUIRE(line.credit.used_bytes() == 0);
    REQUIRE(line.credit.bulk_streams() == 0);
  }
}

}  // namespace
}  // namespace ingress::tunnel
