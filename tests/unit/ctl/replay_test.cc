#include "ctl/replay.h"

#include <doctest/doctest.h>

namespace ingress::ctl {
namespace {

Json change(const char* operation, const char* subject, const char* before, const char* after) {
  return {
      {"operation", operation}, {"subject", subject}, {"before", Json::parse(before)}, {"after", Json::parse(after)}};
}

// Applies what fits.
void apply(Replay& replay, const char* operation, const char* subject, const char* before, const char* after) {
  CAPTURE(operation);
  const auto sentence = replay.apply(change(operation, subject, before, after));
  CHECK_MESSAGE(!sentence.has_value(), *sentence);
}

void attach(Replay& replay, const char* project, const char* before, const char* after) {
  const Json from = {{"machine", before}};
  const Json to = {{"machine", after}};
  apply(replay, "project.attach", project, from.dump().c_str(), to.dump().c_str());
}

std::string state_of(const Replay& replay, const std::string& machine) {
  return Json::parse(replay.rows("machine").at(machine))["state"];
}

// Two machines, two projects.
Replay begun(const char* state) {
  Replay replay;
  const std::string machine = Json{{"id", "m"}, {"state", state}}.dump();
  apply(replay, "machine.create", "m", "null", machine.c_str());
  apply(replay, "machine.create", "n", "null", R"({"id":"n","state":"active"})");
  apply(replay, "project.create", "p", "null", R"({"slug":"p","machine":""})");
  apply(replay, "project.create", "q", "null", R"({"slug":"q","machine":""})");
  return replay;
}

TEST_CASE("attaching moves the states of both machines, as the broker does") {
  Replay replay = begun("detached");
  attach(replay, "p", "", "m");
  CHECK(state_of(replay, "m") == "active");
  attach(replay, "q", "", "m");
  attach(replay, "p", "m", "n");
  CHECK(state_of(replay, "m") == "active");  // q has it
  attach(replay, "q", "m", "");
  CHECK(state_of(replay, "m") == "detached");
  CHECK(replay.rows("project").at("p") == R"({"slug":"p","machine":"n"})");
}

TEST_CASE("a machine that is starting stays so when it is attached, an archived one when it is left") {
  Replay starting = begun("starting");
  attach(starting, "p", "", "m");
  CHECK(state_of(starting, "m") == "starting");
  Replay archived = begun("archived");
  attach(archived, "p", "", "m");
  CHECK(state_of(archived, "m") == "active");
  apply(archived, "machine.update", "m", R"({"id":"m","state":"active"})", R"({"id":"m","state":"archived"})");
  attach(archived, "p", "m", "");
  CHECK(state_of(archived, "m") == "archived");
}

TEST_CASE("what belongs to a machine or a project goes with it") {
  Replay replay = begun("active");
  attach(replay, "p", "", "m");
  apply(replay, "token.create", "n/t", "null", R"({"id":"t","machine":"n"})");
  apply(replay, "token.create", "m/t", "null", R"({"id":"t","machine":"m"})");
  apply(replay, "service.create", "p/docs", "null", R"({"project":"p","name":"docs"})");
  apply(replay, "service.create", "p-2/docs", "null", R"({"project":"p-2","name":"docs"})");
  apply(replay, "domain.create", "a.com", "null", R"({"name":"a.com","project":"p"})");
  apply(replay, "domain.create", "b.com", "null", R"({"name":"b.com","project":"q"})");
  apply(replay, "machine.delete", "n", R"({"id":"n","state":"active"})", "null");
  apply(replay, "project.delete", "p", R"({"slug":"p","machine":"m"})", "null");
  CHECK(replay.rows("token").size() == 1);
  CHECK(replay.rows("service").contains("p-2/docs"));
  CHECK(replay.rows("service").size() == 1);
  CHECK(replay.rows("domain").contains("b.com"));
  CHECK(replay.rows("domain").size() == 1);
  CHECK(state_of(replay, "m") == "detached");
}

TEST_CASE("a change that does not fit on those before it is named") {
  Replay replay = begun("active");
  CHECK(replay.apply(change("machine.update", "m", R"({"id":"m"})", R"({"id":"m"})")).has_value());
  CHECK(replay.apply(change("machine.create", "n", "null", R"({"id":"n"})")).has_value());
  CHECK(replay.apply(change("machine.delete", "x", R"({"id":"x"})", "null")).has_value());
  CHECK(replay.apply(change("project.attach", "p", R"({"machine":"m"})", R"({"machine":"n"})")).has_value());
  CHECK(replay.apply(change("project.attach", "x", R"({"machine":""})", R"({"machine":"n"})")).has_value());
  CHECK(replay.apply(change("machine.paint", "m", "null", "null")).has_value());
  CHECK(replay.apply(Json{{"operation", 1}}).has_value());
}

TEST_CASE("a listed item becomes a row of the changes") {
  const Json item = Json::parse(R"({"slug":"p","machine":null,"createdAt":"2025-01-01T00:00:00Z"})");
  CHECK(row_of_item("project", item).dump() == R"({"slug":"p","machine":"","createdAt":1735689600})");
  const Json route = Json::parse(R"({"id":"r","patterns":[{"pattern":"a.com/b%3Fc"},{"pattern":"a.com/%253F"}]})");
  CHECK(row_of_item("route", route).dump() ==
        R"({"id":"r","patterns":[{"pattern":"a.com/b?c"},{"pattern":"a.com/%253F"}]})");
  CHECK(row_of_item("join_token", Json::parse(R"({"id":"j","usesLeft":null})"))["usesLeft"] == -1);
  CHECK(row_of_item("join_token", Json::parse(R"({"id":"j","usesLeft":3})"))["usesLeft"] == 3);
}

}  // namespace
}  // namespace ingress::ctl
