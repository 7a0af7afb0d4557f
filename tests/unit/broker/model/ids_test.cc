#include "broker/model/ids.h"

#include <doctest/doctest.h>

#include "broker/model/machine_state.h"

namespace ingress::broker {
namespace {

bool machine_id(std::string_view id) {
  std::string problem;
  const bool good = check_machine_id(id, problem).has_value();
  CHECK(good == problem.empty());
  return good;
}

bool slug(std::string_view text) {
  std::string problem;
  return check_slug(text, problem).has_value();
}

TEST_CASE("a port is 1 to 65535 in decimal without sign or leading zero") {
  CHECK(parse_port("1") == 1);
  CHECK(parse_port("4096") == 4096);
  CHECK(parse_port("65535") == 65535);
  for (const std::string_view bad :
       {"", "0", "00", "080", "65536", "99999", "100000", "4294967297", "+80", "-1", "8a", " 80", "80 "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_port(bad).has_value());
  }
}

TEST_CASE("a machine id has [a-z0-9_-], up to 56 bytes") {
  for (const std::string_view good : {"mach_123", "a", "a1", "1a", "my-mach_2", "1_2"}) CHECK(machine_id(good));
  for (const std::string_view bad :
       {"", "Mach", "a.b", "a b", "m\xc3\xa4", "_a", "a_", "-a", "a-", "a__b", "a--b", "a_-b", "a-_b", "123"}) {
    CAPTURE(bad);
    CHECK_FALSE(machine_id(bad));
  }
  CHECK(machine_id(std::string(56, 'a')));
  CHECK_FALSE(machine_id(std::string(57, 'a')));
}

TEST_CASE("a slug has no underscore") {
  CHECK(slug("misha"));
  CHECK(slug("a-b-1"));
  for (const std::string_view bad : {"mi_sha", "--", "a--b", "-a", "a-", "4096", "MISHA", ""}) CHECK_FALSE(slug(bad));
}

TEST_CASE("reserved words are nobody's name, and the sentence says so") {
  for (const std::string_view word : {"machines", "prj", "org", "broker", "admin", "www"}) {
    std::string problem;
    CHECK_FALSE(check_slug(word, problem).has_value());
    CHECK(problem == "\"" + std::string(word) + "\" is reserved and cannot be a project slug");
    CHECK_FALSE(machine_id(word));
    CHECK_FALSE(check_service_name(word, problem).has_value());
    CHECK(slug_form(word));
  }
}

TEST_CASE("the alias of a machine id has - for _") { CHECK(alias_of("mach_1-2_3") == "mach-1-2-3"); }

TEST_CASE("record ids and ports are checked") {
  std::string problem;
  CHECK(check_record_id("rt_0aZ.-", problem).has_value());
  CHECK_FALSE(check_record_id("", problem).has_value());
  CHECK_FALSE(check_record_id("a/b", problem).has_value());
  CHECK_FALSE(check_record_id(".", problem).has_value());
  CHECK_FALSE(check_record_id("..", problem).has_value());
  CHECK(check_record_id("...", problem).has_value());
  CHECK_FALSE(check_record_id(std::string(65, 'a'), problem).has_value());
  CHECK(check_port(65535, "port", problem).has_value());
  CHECK_FALSE(check_port(0, "default port", problem).has_value());
  CHECK(problem == "default port 0 is not a port: 1 to 65535");
}

TEST_CASE("states have words, and attaching moves them") {
  for (const auto state :
       {MachineState::kStarting, MachineState::kActive, MachineState::kDetached, MachineState::kArchived}) {
    CHECK(parse_machine_state(name_of(state)) == state);
  }
  CHECK_FALSE(parse_machine_state("gone").has_value());
  CHECK(state_when_attached(MachineState::kDetached) == MachineState::kActive);
  CHECK(state_when_attached(MachineState::kArchived) == MachineState::kActive);
  CHECK(state_when_attached(MachineState::kStarting) == MachineState::kStarting);
  CHECK(state_when_released(MachineState::kActive) == MachineState::kDetached);
  CHECK(state_when_released(MachineState::kArchived) == MachineState::kArchived);
}

}  // namespace
}  // namespace ingress::broker
