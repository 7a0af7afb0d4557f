#include <doctest/doctest.h>

#include "ctl/admin_address.h"

namespace ingress::ctl {
namespace {

TEST_CASE("the admin's address is a Unix socket or an HTTP base") {
  CHECK(parse_admin_address("unix:/run/x.sock")->unix_path == "/run/x.sock");
  CHECK(parse_admin_address("unix:/run/x.sock")->base_url == "http://admin");
  CHECK(parse_admin_address("127.0.0.1:8481")->base_url == "http://127.0.0.1:8481");
  CHECK(parse_admin_address("[::1]:8481")->base_url == "http://[::1]:8481");
  CHECK(parse_admin_address("http://admin.example.com:8481/")->base_url == "http://admin.example.com:8481");
  CHECK(parse_admin_address("https://admin.example.com")->base_url == "https://admin.example.com");
  CHECK(parse_admin_address("http://h:1")->unix_path.empty());
}

TEST_CASE("what is no address is a usage error that says what would be one") {
  for (const std::string& bad : {std::string(), std::string("unix:"), std::string("host"), std::string(":8481"),
                                 std::string("http://"), std::string("http://h/path"), std::string("h:1/x"),
                                 std::string("http://user@h:1"), "unix:/" + std::string(200, 'x')}) {
    CAPTURE(bad);
    const auto parsed = parse_admin_address(bad);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().exit_code == 2);
  }
}

TEST_CASE("names are encoded for one segment of a path") {
  CHECK(percent_encoded("mach_1.a-b~") == "mach_1.a-b~");
  CHECK(percent_encoded("a/b?c d\xff%") == "a%2Fb%3Fc%20d%FF%25");
}

}  // namespace
}  // namespace ingress::ctl
