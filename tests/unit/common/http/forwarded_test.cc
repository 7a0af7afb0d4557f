#include "common/http/forwarded.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;
using namespace ingress::http;

TEST_CASE("of several fields and of a list the last element counts") {
  CHECK(last_said({{"A", "1"}, {"a", " 2 , 3 "}, {"B", "4"}}, "A") == "3");
  CHECK(last_said({{"A", "1,"}}, "A").empty());
  CHECK(last_said({}, "A").empty());
}

TEST_CASE("fields of one name are one list") {
  std::string list = "before";
  join_said({{"A", "1, 2"}, {"B", "x"}, {"a", "3"}}, "A", list);
  CHECK(list == "1, 2, 3");
  join_said({}, "A", list);
  CHECK(list.empty());
}

TEST_CASE("a scheme, a host and a port that are none are as good as nothing") {
  CHECK(said_scheme({{"X-Forwarded-Proto", "http, HTTPS"}}) == "https");
  CHECK(said_scheme({{"X-Forwarded-Proto", "HTTP"}}) == "http");
  CHECK(said_scheme({{"X-Forwarded-Proto", "wss"}}).empty());
  CHECK(said_host({{"X-Forwarded-Host", "a.example:8443"}}) == "a.example:8443");
  for (const char* bad : {"", ":80", "a b", "a:b", "a/b", "u@a"}) {
    CAPTURE(bad);
    CHECK(said_host({{"X-Forwarded-Host", bad}}).empty());
  }
  CHECK(said_port({{"X-Forwarded-Port", "8443"}}) == 8443);
  for (const char* bad : {"0", "65536", "-1", "+1", "1x", ""}) {
    CAPTURE(bad);
    CHECK(said_port({{"X-Forwarded-Port", bad}}) == 0);
  }
}
