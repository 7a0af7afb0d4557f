#include "ctl/problem.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

TEST_CASE("a good answer is its JSON, or an empty object") {
  CHECK((*read_answer(200, R"({"id":"a"})"))["id"] == "a");
  CHECK(read_answer(204, "")->empty());
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
  CHECK(read_answer(502, "<html>").error().sentence.find("502") != std::string::npos);
  CHECK(read_answer(404, R"({"detail":7})").error().sentence.find("404") != std::string::npos);
}

}  // namespace
}  // namespace ingress::ctl
