#include "broker/acme/env_file.h"

#include <doctest/doctest.h>

namespace ingress::broker::acme {
namespace {

TEST_CASE("a file of variables has comments, blanks and quotes as systemd's has") {
  const auto entries = parse_env("# comment\n\nA=1\n  B = two words \r\nC='it''s'\nD=\"x=y # z\"\nE=\n; other comment");
  REQUIRE(entries.has_value());
  CHECK(*entries == std::vector<std::string>{"A=1", "B=two words", "C=it''s", "D=x=y # z", "E="});
  CHECK(parse_env("")->empty());
}

TEST_CASE("a bad line is named by its number, never by what it holds") {
  for (const char* bad : {"A=1\nsecret-value", "A=1\n=secret-value", "A=1\n1A=secret-value", "A=1\nA B=secret-value"}) {
    const auto entries = parse_env(bad);
    REQUIRE_FALSE(entries.has_value());
    CHECK(entries.error().find("line 2") != std::string::npos);
    CHECK(entries.error().find("secret") == std::string::npos);
  }
}

TEST_CASE("no file is no variable; one that is not there is said") {
  CHECK(read_env_file("")->empty());
  CHECK_FALSE(read_env_file("/no/such").has_value());
}

}  // namespace
}  // namespace ingress::broker::acme
