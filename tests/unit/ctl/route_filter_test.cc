#include "ctl/route_filter.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

Json shop_route() {
  return Json::parse(R"({"id":"rt_shop","externalId":"ext 1","owner":null,"patterns":[
      {"pattern":"docs.Example.com","target":{"project":"misha"}},
      {"pattern":"b.example.com","target":{"machine":"mach_1","port":80}}]})");
}

TEST_CASE("what is said of routes is asked of the API, encoded") {
  CHECK(RouteFilter{}.query().empty());
  CHECK(RouteFilter{"a&b", "mach_1", "misha", "blog", "ext 1"}.query() ==
        "?q=a%26b&machine=mach_1&project=misha&owner=blog&externalId=ext%201");
  CHECK(RouteFilter{"", "", "misha", "", ""}.query() == "?project=misha");
}

TEST_CASE("a route of a file fits where all that is said holds") {
  CHECK(RouteFilter{}.fits(shop_route()));
  for (const char* text : {"DOCS.ex", "example.com", "rt_sh", "ext "}) {
    CAPTURE(text);
    CHECK(RouteFilter{.search = text}.fits(shop_route()));
  }
  for (const char* text : {"shop", "xt 1", "example.org"}) {
    CAPTURE(text);
    CHECK_FALSE(RouteFilter{.search = text}.fits(shop_route()));
  }
  CHECK(RouteFilter{.machine = "mach_1"}.fits(shop_route()));
  CHECK(RouteFilter{.machine = "mach_1", .project = "misha", .external_id = "ext 1"}.fits(shop_route()));
  CHECK_FALSE(RouteFilter{.machine = "mach_2"}.fits(shop_route()));
  CHECK_FALSE(RouteFilter{.machine = "mach_1", .project = "blog"}.fits(shop_route()));
  CHECK_FALSE(RouteFilter{.owner = "misha"}.fits(shop_route()));
  CHECK_FALSE(RouteFilter{.external_id = "ext"}.fits(shop_route()));
  CHECK(RouteFilter{.search = "a?b"}.fits(Json::parse(R"({"patterns":[{"pattern":"q.example.com/a%3Fb"}]})")));
  CHECK_FALSE(RouteFilter{.search = "x"}.fits(Json::object()));
  CHECK_FALSE(RouteFilter{.machine = "m"}.fits(Json::parse(R"({"patterns":[5]})")));
}

}  // namespace
}  // namespace ingress::ctl
