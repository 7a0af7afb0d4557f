#include "broker/admin/query.h"

#include <doctest/doctest.h>

namespace ingress::broker::admin {
namespace {

TEST_CASE("a target is split into segments and query values, percent-decoded") {
  const auto target = parse_target("/v1/projects/a%2Fb/machine?since=10&host=x%20y+z&flag");
  REQUIRE(target);
  CHECK(target->path == "/v1/projects/a%2Fb/machine");
  CHECK(target->segments == std::vector<std::string>{"v1", "projects", "a/b", "machine"});
  CHECK(target->query.at("since") == "10");
  CHECK(target->query.at("host") == "x y z");
  CHECK(target->query.at("flag").empty());
}

TEST_CASE("a plus in a path is a plus") { CHECK(parse_target("/a+b")->segments == std::vector<std::string>{"a+b"}); }

TEST_CASE("absolute-form is read, other forms and broken encoding are not") {
  CHECK(parse_target("http://localhost/v1/x?a=b")->segments == std::vector<std::string>{"v1", "x"});
  for (const char* bad : {"", "*", "v1", "/a%", "/a%4", "/a%zz", "/?x=%g0", "http://host"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_target(bad));
  }
}

TEST_CASE("a query value that is no number in its range, or unknown, is refused by name") {
  const auto target = parse_target("/x?limit=1001&other=1");
  QueryReader range(*target);
  CHECK(range.integer("limit", 5, 1, 1000) == 5);
  CHECK(range.finish()->body.find("\\\"limit\\\" is not a whole number from 1 to 1000") != std::string::npos);
  QueryReader unknown(*target);
  CHECK(unknown.integer("limit", 5, 1, 2000) == 1001);
  const auto bad = unknown.finish();
  REQUIRE(bad);
  CHECK(bad->status == 400);
  CHECK(bad->body.find("\\\"other\\\"") != std::string::npos);
  const auto fine_target = parse_target("/x?since=0");
  QueryReader fine(*fine_target);
  CHECK(fine.integer("since", 7, 0, 10) == 0);
  CHECK(fine.text("cursor").empty());
  CHECK_FALSE(fine.finish());
}

TEST_CASE("numbers with anything around them are no numbers") {
  for (const char* text : {"/x?n=+1", "/x?n=1x", "/x?n=", "/x?n=0x1", "/x?n=99999999999999999999"}) {
    CAPTURE(text);
    const auto target = parse_target(text);
    QueryReader query(*target);
    query.integer("n", 0, 0, INT64_MAX);
    CHECK(query.finish());
  }
}

}  // namespace
}  // namespace ingress::broker::admin
