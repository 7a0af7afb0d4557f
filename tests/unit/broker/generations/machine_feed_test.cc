#include "broker/generations/machine_feed.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "tests/unit/common/tunnel/session_pair.h"

using namespace ingress;
using namespace ingress::broker;

namespace {

constexpr Time kNow{Duration{1000}};

// The feed's stream over a session: the lines that have come at its other end.
struct Fixture {
  Fixture() {
    pair.establish();
    pair.agent.recorder.hook_open = [this](tunnel::Stream& stream, tunnel::test::Recorder& unused) {
      unused.stream = nullptr;
      made = std::make_unique<MachineFeed>(stream, recent);
      return made.get();
    };
  }

  MachineFeed& feed() {
    if (made == nullptr) {
      pair.open(reader);
      pair.pump();
    }
    return *made;
  }

  RecentMachines recent;
  std::unique_ptr<MachineFeed> made;
  tunnel::test::Pair pair;
  tunnel::test::Recorder reader;
};

}  // namespace

TEST_CASE("a feed begins with the machines that are up, and tells of each change as it is then") {
  Fixture fixture;
  fixture.recent.came("mach_a");
  fixture.recent.came("mach_b");
  fixture.recent.went("mach_b", kNow);
  fixture.feed();
  fixture.pair.pump();
  CHECK(fixture.reader.data == "+mach_a\n");
  fixture.recent.came("mach_b");
  fixture.feed().tell("mach_b");
  fixture.recent.went("mach_a", kNow);
  fixture.feed().tell("mach_a");
  fixture.feed().tell("mach_a");
  fixture.pair.pump();
  CHECK(fixture.reader.data == "+mach_a\n+mach_b\n-mach_a\n-mach_a\n");
}

TEST_CASE("of a machine that comes and goes while nothing can be sent one line is left") {
  Fixture fixture;
  fixture.reader.consume = false;
  for (int i = 0; i < 5000; ++i) fixture.recent.came("machine_number_" + std::to_string(i));
  fixture.feed();
  fixture.pair.pump();
  const size_t window = fixture.reader.data.size();
  CHECK(window == 32 * 1024);
  for (int i = 0; i < 1000; ++i) {
    fixture.recent.came("late");
    fixture.feed().tell("late");
    fixture.recent.went("late", kNow);
    fixture.feed().tell("late");
  }
  fixture.reader.consume = true;
  fixture.reader.stream->consumed(window);
  fixture.pair.pump();
  const auto lines = std::count(fixture.reader.data.begin(), fixture.reader.data.end(), '\n');
  CHECK(lines == 5001);
  CHECK(fixture.reader.data.find("\n-late\n") != std::string::npos);
}

TEST_CASE("lines are put together from pieces of any size") {
  for (const size_t step : {1, 3, 100}) {
    CAPTURE(step);
    MachineLines lines;
    MachineLines::Changes changes;
    const std::string text = "+mach_a\n-mach_b\n+c\n";
    for (size_t at = 0; at < text.size(); at += step) {
      CHECK(lines.take(std::string_view(text).substr(at, step), changes));
    }
    CHECK(changes == MachineLines::Changes{{"mach_a", true}, {"mach_b", false}, {"c", true}});
  }
}

TEST_CASE("of a machine's lines the last one counts, in one piece too") {
  MachineLines lines;
  MachineLines::Changes back;
  CHECK(lines.take("-mach_1\n+mach_1\n", back));
  CHECK(back == MachineLines::Changes{{"mach_1", true}});
  MachineLines::Changes gone;
  CHECK(lines.take("+mach_1\n-mach_1\n", gone));
  CHECK(gone == MachineLines::Changes{{"mach_1", false}});
}

TEST_CASE("what is no feed is refused") {
  for (const std::string& text :
       {std::string("mach_a\n"), std::string("\n"), std::string("+\n"), std::string(65, '+')}) {
    CAPTURE(text);
    MachineLines lines;
    MachineLines::Changes changes;
    CHECK_FALSE(lines.take(text, changes));
  }
}
