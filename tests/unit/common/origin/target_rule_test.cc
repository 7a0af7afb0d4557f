// Which addresses a URL of a project may lead to.
#include "common/origin/target_rule.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ingress::origin;

namespace {

TargetRule rule_of(const std::vector<std::string>& allowed) {
  const auto rule = TargetRule::make(allowed);
  REQUIRE(rule.has_value());
  return *rule;
}

}  // namespace

TEST_CASE("addresses that are not of the public internet are refused, in each of their forms") {
  for (const std::string ip :
       {"127.0.0.1",       "127.255.255.255", "0.0.0.0",     "0.1.2.3",         "10.0.0.1",    "10.255.255.255",
        "172.16.0.1",      "172.31.255.255",  "192.168.0.1", "169.254.169.254", "169.254.0.1", "100.64.0.1",
        "100.100.100.200", "100.127.255.255", "192.0.0.192", "168.63.129.16",   "198.18.0.1",  "198.19.255.255",
        "224.0.0.1",       "239.1.1.1",       "240.0.0.1",   "255.255.255.255"}) {
    CAPTURE(ip);
    CHECK_FALSE(is_public_address(ip));
    CHECK_FALSE(is_public_address("::ffff:" + ip));
    CHECK_FALSE(is_public_address("::" + ip));
    CHECK_FALSE(is_public_address("64:ff9b::" + ip));
    CHECK_FALSE(rule_of({}).allows("name.example", ip));
  }
  for (const std::string ip :
       {"::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fdff::1", "ff02::1", "ff0e::1",
        "100::1", "2002:7f00:1::", "2002:a00:1::", "2002:a9fe:a9fe::", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "64:ff9b:1::1", "::ffff:7f00:1", "64:ff9b::a9fe:a9fe"}) {
    CAPTURE(ip);
    CHECK_FALSE(is_public_address(ip));
  }
}

TEST_CASE("public addresses are good, the neighbours of private blocks too") {
  for (const std::string ip :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "168.63.129.15", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"}) {
    CAPTURE(ip);
    CHECK(is_public_address(ip));
    CHECK(is_public_address("::ffff:" + ip));
    CHECK(is_public_address("64:ff9b::" + ip));
    CHECK(rule_of({}).allows("name.example", ip));
  }
  for (const std::string ip : {"2606:4700::1111", "2a00:1450:4001::1", "2002:101:101::1", "2001:4860:4860::8888"}) {
    CAPTURE(ip);
    CHECK(is_public_address(ip));
  }
}

TEST_CASE("what is no address is not public") {
  for (const std::string ip :
       {"", "localhost", "1.2.3", "1.2.3.4.5", "0x7f.1", "2130706433", "fe80::1%eth0", "[::1]", "1.2.3.4 ", ":::"}) {
    CAPTURE(ip);
    CHECK_FALSE(is_public_address(ip));
    CHECK_FALSE(rule_of({"0.0.0.0/0", "::/0"}).allows("name.example", ip));
  }
}

TEST_CASE("an operator allows an address, a block or a name, and nothing beside it") {
  const TargetRule address = rule_of({"10.1.2.3", "::1"});
  CHECK(address.allows("a", "10.1.2.3"));
  CHECK(address.allows("a", "::ffff:10.1.2.3"));
  CHECK(address.allows("a", "::1"));
  CHECK_FALSE(address.allows("a", "10.1.2.4"));
  CHECK_FALSE(address.allows("a", "::2"));

  const TargetRule block = rule_of({"10.16.0.0/12", "fd12::/15", "192.168.7.0/24"});
  CHECK(block.allows("a", "10.16.0.0"));
  CHECK(block.allows("a", "10.31.255.255"));
  CHECK_FALSE(block.allows("a", "10.32.0.0"));
  CHECK_FALSE(block.allows("a", "10.15.255.255"));
  CHECK(block.allows("a", "192.168.7.255"));
  CHECK_FALSE(block.allows("a", "192.168.8.0"));
  CHECK(block.allows("a", "fd13:ffff::1"));
  CHECK_FALSE(block.allows("a", "fd14::1"));
  CHECK_FALSE(block.allows("a", "127.0.0.1"));

  const TargetRule name = rule_of({"Hooks.Internal"});
  CHECK(name.allows("hooks.internal", "10.0.0.1"));
  CHECK(name.allows("HOOKS.internal.", "127.0.0.1"));
  CHECK_FALSE(name.allows("other.internal", "10.0.0.1"));
  CHECK_FALSE(name.allows("xhooks.internal", "10.0.0.1"));
}

TEST_CASE("a whole family can be allowed") {
  const TargetRule v4 = rule_of({"0.0.0.0/0"});
  CHECK(v4.allows("a", "127.0.0.1"));
  CHECK_FALSE(v4.allows("a", "::1"));
  CHECK(rule_of({"::/0"}).allows("a", "::1"));
}

TEST_CASE("what an operator cannot mean is refused with a sentence") {
  for (const std::string bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "a/8", "a b",
                                "http://a", "[::1]", "10.0.0.0/8/8"}) {
    CAPTURE(bad);
    const auto rule = TargetRule::make({"1.2.3.4", bad});
    REQUIRE_FALSE(rule.has_value());
    CHECK(rule.error().starts_with(bad + ": "));
  }
}
