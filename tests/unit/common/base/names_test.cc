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

TEST_CASE("a host whose last label is a number is an address for clients, and one with a number elsewhere is a name") {
  for (const char* address : {"127.0.0.1", "10.0.0.3", "1.2.3", "1", "1.2.3.4.", "a.example.1", "0x7f.1", "0x7f000001",
                              "1.2.0xAb", "1.0X", "256.256.256.256", "*.0.0.1"}) {
    CAPTURE(address);
    CHECK(address_form(address));
  }
  for (const char* name : {"", "4096.example.com", "1.2.3.4a", "1.2.0xg", "1.x0", "a-1", "10.0.0.1.example.org"}) {
    CAPTURE(name);
    CHECK_FALSE(address_form(name));
  }
}

TEST_CASE("names that each machine has for itself are known") {
  for (const char* own :
       {"localhost", "a.localhost", "localhost.localdomain", "localhost6.localdomain6", "localhost4.localdomain4"}) {
    CAPTURE(own);
    CHECK(loopback_form(own));
  }
  for (const char* other : {"localhost.example.com", "notlocalhost", "a.local", ""}) {
    CAPTURE(other);
    CHECK_FALSE(loopback_form(other));
  }
}
