#include "ctl/stream_silence.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

Time at_second(int second) { return Time(std::chrono::seconds(second)); }

TEST_CASE("three bytes every 15 s are no silence of 45 s") {
  StreamSilence silence(at_second(100), std::chrono::seconds(45));
  for (int second = 0; second < 600; ++second) {
    CAPTURE(second);
    const int64_t comments = second / 15;
    CHECK_FALSE(silence.lasted(3 * comments, at_second(100 + second)));
  }
  CHECK_FALSE(silence.over());
}

TEST_CASE("a stream that says nothing from its beginning is silent when the limit has passed") {
  StreamSilence silence(at_second(100), std::chrono::seconds(45));
  CHECK_FALSE(silence.lasted(0, at_second(144)));
  CHECK(silence.lasted(0, at_second(145)));
  CHECK(silence.over());
}

TEST_CASE("silence begins with the last byte, and what comes behind its end is too late") {
  StreamSilence silence(at_second(100), std::chrono::seconds(45));
  CHECK_FALSE(silence.lasted(1, at_second(130)));
  CHECK_FALSE(silence.lasted(1, at_second(174)));
  CHECK(silence.lasted(1, at_second(175)));
  CHECK(silence.lasted(2, at_second(176)));
}

TEST_CASE("bytes that came while nobody looked are life") {
  StreamSilence silence(at_second(100), std::chrono::seconds(45));
  CHECK_FALSE(silence.lasted(1, at_second(1000)));
  CHECK_FALSE(silence.lasted(1, at_second(1044)));
}

}  // namespace
}  // namespace ingress::ctl
