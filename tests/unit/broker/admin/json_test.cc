#include <doctest/doctest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "broker/admin/answer.h"
#include "broker/admin/api.h"
#include "broker/admin/json_object.h"
#include "broker/admin/page.h"
#include "broker/admin/record_json.h"

namespace ingress::broker::admin {
namespace {

using nlohmann::json;

TEST_CASE("an object's members stand in the order in which they are said") {
  JsonObject object;
  object.text("z", "a\"b\n");
  object.text_or_null("y", "");
  object.number("x", -3);
  object.boolean("w", true);
  object.texts("v", {"1", "2"});
  object.raw("u", "{}");
  object.fraction("t", 1.5);
  CHECK(object.closed() == R"({"z":"a\"b\n","y":null,"x":-3,"w":true,"v":["1","2"],"u":{},"t":1.500})");
}

TEST_CASE("bytes that are no UTF-8 become a replacement character, not an exception") {
  JsonObject object;
  object.text("a", "\xff");
  CHECK(json::parse(std::move(object).take())["a"] == "\xEF\xBF\xBD");
}

TEST_CASE("times are RFC 3339 in UTC") {
  CHECK(time_text(0) == "1970-01-01T00:00:00Z");
  CHECK(time_text(1735689600) == "2025-01-01T00:00:00Z");
  CHECK(time_text_ms(1735689600007) == "2025-01-01T00:00:00.007Z");
  CHECK(time_text_ms(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a time is read with milliseconds and without, and in no other form") {
  CHECK(time_of("2025-01-01T00:00:00Z") == 1735689600);
  CHECK(time_of("2025-01-01T00:00:00.007Z") == 1735689600);
  CHECK(time_of("1969-12-31T23:59:59.999Z") == -1);
  for (const char* text :
       {"2025-01-01T00:00:00.Z", "2025-01-01T00:00:00.07Z", "2025-01-01T00:00:00.0007Z", "2025-01-01T00:00:00.007",
        "2025-01-01T00:00:00.0a7Z", "2025-01-01T00:00:60.007Z", "2025-01-01.007ZT00:00:00Z", ".007Z", "Z", ""}) {
    CAPTURE(text);
    CHECK_FALSE(time_of(text));
  }
}

TEST_CASE("a problem has title, status, detail and code") {
  const Answer answer = problem(409, "conflict", "taken");
  CHECK(answer.content_type == "application/problem+json");
  CHECK(answer.body == R"({"title":"Conflict","status":409,"detail":"taken","code":"conflict"})");
}

TEST_CASE("what the store refuses gets the status that fits, and its sentence") {
  const auto status = [](ErrorCode code) {
    return problem_of(StoreError{Error{code, Side::kClient, false, 0, ""}, "why"});
  };
  CHECK(status(ErrorCode::kNotFound).status == 404);
  CHECK(status(ErrorCode::kConflict).status == 409);
  CHECK(status(ErrorCode::kInvalidArgument).status == 400);
  CHECK(status(ErrorCode::kIo).status == 503);
  CHECK(problem_of(StoreError{Error{ErrorCode::kIo, Side::kInternal, false, ENOSPC, ""}, ""}).status == 507);
  CHECK(json::parse(status(ErrorCode::kConflict).body)["detail"] == "why");
}

TEST_CASE("a token's JSON never holds its hash") {
  const Token token{"tok_1", "mach_1", "abcdef", "laptop", 0};
  CHECK(token_json(token).closed() ==
        R"({"id":"tok_1","machine":"mach_1","label":"laptop","createdAt":"1970-01-01T00:00:00Z"})");
}

TEST_CASE("a route's JSON says only what its targets say") {
  Route route{"rt_1",
              {{"a.example.com", {"", "misha", "docs", 0}, "{}"},
               {"b.example.com", {"mach_1", "", "", 80}, R"({"auth":"deny"})"}},
              "",
              "{}",
              0};
  const json shown = json::parse(route_json(route).closed());
  CHECK(shown["patterns"][0]["target"] == json{{"project", "misha"}, {"service", "docs"}});
  CHECK(shown["patterns"][1]["target"] == json{{"machine", "mach_1"}, {"port", 80}});
  CHECK(shown["patterns"][1]["policy"]["auth"] == "deny");
  CHECK(shown["externalId"].is_null());
}

TEST_CASE("a change shows what was before and after as JSON, null where nothing was") {
  const ChangeRow row{7, 1735689600007, "unix", "machine.create", "mach_1", "", R"({"id":"mach_1"})"};
  const json shown = json::parse(change_json(row).closed());
  CHECK(shown["before"].is_null());
  CHECK(shown["after"]["id"] == "mach_1");
  CHECK(shown["at"] == "2025-01-01T00:00:00.007Z");
}

TEST_CASE("secrets have 256 random bits in base64url") {
  const std::string a = new_secret();
  CHECK(a.size() == 43);
  CHECK(a.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
  CHECK(a != new_secret());
}

TEST_CASE("pages follow each other by cursor until the last, sorted by key") {
  const std::vector<std::string> rows = {"d", "a", "c", "b", "x"};
  const auto page = [&rows](size_t limit, const std::string& cursor) {
    const Page asked{limit, cursor};
    const auto key = [](const std::string& row) -> const std::string& { return row; };
    const auto wanted = [](const std::string& row) { return row != "x"; };
    return json::parse(page_answer(page_of(rows, asked, key, wanted), asked, key, [](const std::string& row) {
                         return "\"" + row + "\"";
                       }).body);
  };
  CHECK(page(3, "") == json{{"items", {"a", "b", "c"}}, {"next", "c"}});
  CHECK(page(3, "c") == json{{"items", {"d"}}, {"next", nullptr}});
  CHECK(page(4, "") == json{{"items", {"a", "b", "c", "d"}}, {"next", nullptr}});
  CHECK(page(4, "d")["items"].empty());
}

}  // namespace
}  // namespace ingress::broker::admin
