#include "broker/observe/time_stamp.h"

#include <doctest/doctest.h>

#include <ctime>
#include <string>

namespace ingress::broker {
namespace {

std::string wall_text() {
  const time_t now = std::time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts)};
}

TEST_CASE("a stamp is the wall clock's time in UTC, to the millisecond") {
  TimeStamp stamp;
  const std::string before = wall_text();
  const std::string text(stamp.at(fine_now()));
  const std::string after = wall_text();
  REQUIRE(text.size() == before.size() + 5);
  CHECK(text.ends_with("Z"));
  CHECK((text.substr(0, before.size()) == before || text.substr(0, before.size()) == after));
}

TEST_CASE("stamps go on with the clock that they are asked by") {
  TimeStamp stamp;
  const FineTime start = fine_now();
  std::string last(stamp.at(start));
  for (int step = 1; step < 1000; ++step) {
    const std::string next(stamp.at(start + std::chrono::milliseconds(step)));
    CHECK(next > last);
    last = next;
  }
  CHECK(stamp.at(start + std::chrono::milliseconds(999)) == last);
}

}  // namespace
}  // namespace ingress::broker
