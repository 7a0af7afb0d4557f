#include "common/http/head.h"

#include <doctest/doctest.h>

namespace ingress::http::test {
namespace {

TEST_CASE("names are compared without regard to case") {
  CHECK(iequals("Content-LENGTH", "content-length"));
  CHECK(iequals("", ""));
  CHECK_FALSE(iequals("a", "ab"));
  CHECK_FALSE(iequals("a_b", "a-b"));
  CHECK_FALSE(iequals("[", "{"));
  CHECK_FALSE(iequals("@", "`"));
}

TEST_CASE("the first field of a name is found") {
  const Fields fields = {{"A", "1"}, {"b", "2"}, {"B", "3"}};
  REQUIRE(find_field(fields, "B") != nullptr);
  CHECK(find_field(fields, "B")->value == "2");
  CHECK(find_field(fields, "c") == nullptr);
}

TEST_CASE("a token is found in the lists of all fields of a name") {
  const Fields fields = {
      {"Connection", "keep-alive ,\tUPGRADE"}, {"connection", "x"}, {"Other", "y"}, {"Connection", ""}};
  CHECK(has_token(fields, "Connection", "upgrade"));
  CHECK(has_token(fields, "Connection", "X"));
  CHECK_FALSE(has_token(fields, "Connection", "y"));
  CHECK_FALSE(has_token(fields, "Connection", "keep"));
  CHECK_FALSE(has_token({}, "Connection", "x"));
}

TEST_CASE("a cleared head is as new, and keeps its fields' memory") {
  RequestHead request{"GET", "/", 0, {{"A", "1"}}};
  const size_t capacity = request.fields.capacity();
  request.clear();
  CHECK(request.method.empty());
  CHECK(request.target.empty());
  CHECK(request.minor_version == 1);
  CHECK(request.fields.empty());
  CHECK(request.fields.capacity() == capacity);
  ResponseHead response{200, "OK", 0, {{"A", "1"}}};
  response.clear();
  CHECK(response.status == 0);
  CHECK(response.reason.empty());
  CHECK(response.minor_version == 1);
  CHECK(response.fields.empty());
}

}  // namespace
}  // namespace ingress::http::test
