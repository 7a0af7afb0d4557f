#include "common/base/names.h"

#include <doctest/doctest.h>

#include <string>

using namespace ingress;

TEST_CASE("a machine id and a slug say what is wrong with them, and nothing where all is well") {
  for (const char* good : {"mach_123", "a", "1a", "my-mach_2"}) {
    CAPTURE(good);
    CHECK(machine_id_problem(good).empty());
  }
  for (const char* bad : {"", "a--b", "a__b", "-a", "a-", "123", "A", "a.b"}) {
    CAPTURE(bad);
    CHECK(machine_id_problem(bad).find("cannot be a machine id") != std::string::npos);
  }
  CHECK(machine_id_problem("machines") == "\"machines\" is reserved and cannot be a machine id");
  CHECK(slug_problem("project slug", "mi_sha").find("[a-z0-9-]") != std::string::npos);
  CHECK(slug_problem("service name", "misha").empty());
}

TEST_CASE("a host has labels, none of them empty or over 63 bytes") {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  for (const std::string& good : {std::string("a"), std::string("A.b_c-d."), std::string("10.0.0.1"), label, longest}) {
    CAPTURE(good);
    CHECK(host_form(good));
  }
  for (const std::string& bad : {std::string(), std::string("."), std::string("a..b"), std::string(".a"),
                                 std::string("a b"), std::string("a:1"), label + "a", longest + "a"}) {
    CAPTURE(bad);
    CHECK_FALSE(host_form(bad));
  }
}
