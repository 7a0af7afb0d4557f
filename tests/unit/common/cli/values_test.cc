#include "common/cli/values.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ingress;
using namespace ingress::cli;

TEST_CASE("durations are read with their unit and nothing else") {
  CHECK(parse_duration("500ms").value() == Duration{500});
  CHECK(parse_duration("10s").value() == Duration{10000});
  CHECK(parse_duration("5m").value() == Duration{300000});
  CHECK(parse_duration("12h").value() == Duration{43200000});
  CHECK(parse_duration("2d").value() == Duration{172800000});
  CHECK(parse_duration("0").value() == Duration{0});
  for (const char* bad : {"", "10", "s", "-1s", "1.5s", "10 s", "10sec", "1h30m", "99999999999999999999s", "1001d"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
}

TEST_CASE("a duration is shown in its largest whole unit") {
  CHECK(duration_text(Duration{43200000}) == "12h");
  CHECK(duration_text(Duration{90000}) == "90s");
  CHECK(duration_text(Duration{1500}) == "1500ms");
  CHECK(duration_text(Duration{0}) == "0s");
}

TEST_CASE("sizes are powers of 1024 and do not overflow") {
  CHECK(parse_size("4096").value() == 4096);
  CHECK(parse_size("64k").value() == 65536);
  CHECK(parse_size("64KiB").value() == 65536);
  CHECK(parse_size("2G").value() == 2ULL << 30);
  for (const char* bad : {"", "k", "-1", "1.5m", "64kk", "64x", "17179869184g"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad).has_value());
  }
}

TEST_CASE("booleans and integers are strict") {
  CHECK(parse_bool("Yes").value());
  CHECK_FALSE(parse_bool("off").value());
  CHECK_FALSE(parse_bool("maybe").has_value());
  CHECK(parse_integer("-3").value() == -3);
  CHECK_FALSE(parse_integer("3 ").has_value());
  CHECK_FALSE(parse_integer("0x10").has_value());
}

TEST_CASE("a typo finds the word that was meant and a stranger finds none") {
  const std::vector<std::string> words = {"run", "validate", "token-file"};
  CHECK(nearest("rnu", words) == "");
  CHECK(nearest("ru", words) == "run");
  CHECK(nearest("validat", words) == "validate");
  CHECK(nearest("valdiate", words) == "validate");
  CHECK(nearest("token", words) == "token-file");
  CHECK(nearest("whatever", words) == "");
}
