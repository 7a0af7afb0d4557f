#include "ctl/problem.h"

#include <doctest/doctest.h>

#include <string>

namespace ingress::ctl {
namespace {

TEST_CASE("a good answer is its JSON, or an empty object") {
  CHECK((*read_answer(200, R"({"id":"a"})"))["id"] == "a");
  CHECK(read_answer(204, "")->empty());
}

TEST_CASE("what is nested deeper than any answer is not read") {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(read_json(nested(kMostDepth)).is_array());
  CHECK(read_json(nested(200000)).is_discarded());
  CHECK(read_json(R"({"a":)" + nested(200000) + R"(,"b":1})").is_discarded());
  CHECK(read_json("{").is_discarded());
  CHECK(read_json(R"({"a":[{"b":[]}]})") == Json::parse(R"({"a":[{"b":[]}]})"));
}

TEST_CASE("a problem is its sentence and exit code 1") {
  const auto refused = read_answer(409, R"({"title":"Conflict","status":409,"detail":"taken","code":"conflict"})");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().sentence == "taken");
  CHECK(refused.error().exit_code == 1);
}

TEST_CASE("what is about authority is exit code 4") {
  CHECK(read_answer(401, "{}").error().exit_code == 4);
  CHECK(read_answer(403, "").error().exit_code == 4);
  CHECK(read_answer(401, "{}").error().code == "unauthorized");
  CHECK(read_answer(403, "").error().code == "forbidden");
}

TEST_CASE("an answer of something else is told as such") {
  CHECK(read_answer(200, "<html>").error().sentence.find("is this the admin API") != std::string::npos);
  CHECK(read_answer(200, "[]").error().exit_code == 1);
  CHECK(read_answer(200, "<html>").error().code == "admin_no_answer");
  CHECK(read_answer(502, "<html>").error().code == "admin_no_answer");
  CHECK(read_answer(502, "<html>").error().sentence.find("502") != std::string::npos);
  CHECK(read_answer(404, R"({"detail":7})").error().sentence.find("404") != std::string::npos);
}

}  // namespace
}  // namespace ingress::ctl
