#include "broker/store/record_json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace ingress::broker {
namespace {

using nlohmann::ordered_json;

TEST_CASE("a route's text is what its reader writes again, whatever bytes its members have") {
  Route route;
  route.id = "rt_1";
  route.created_at = 7;
  route.patterns.push_back({"a.example.com", {"mach_1", "", "", 80}, "{}"});
  CHECK(json_of(route) ==
        R"({"id":"rt_1","patterns":[{"pattern":"a.example.com","target":{"machine":"mach_1","port":80},)"
        R"("policy":{}}],"externalId":"","metadata":{},"createdAt":7})");
  route.external_id = "quote \" slash \\ line\n \xc3\xa9 \xff";
  route.metadata = R"({"a": [1, 2]})";
  route.owner = "misha";
  route.expires_at = 9;
  route.patterns.push_back({"*.example.com", {"", "misha", "docs", 0}, R"({"auth":"deny"})", "{repl}.example.com"});
  const std::string text = json_of(route);
  const ordered_json read = ordered_json::parse(text);
  CHECK(read.dump(-1, ' ', false, ordered_json::error_handler_t::replace) == text);
  CHECK(read["patterns"][1]["pattern"] == "{repl}.example.com");
  CHECK(read["patterns"][1]["target"] == ordered_json::parse(R"({"project":"misha","service":"docs"})"));
  CHECK(read["metadata"]["a"][1] == 2);
  CHECK(read["owner"] == "misha");
  CHECK(read["expiresAt"] == 9);
}

}  // namespace
}  // namespace ingress::broker
