#include "broker/routing/pattern.h"

#include <doctest/doctest.h>

namespace ingress::broker {
namespace {

std::string pattern(std::string_view text) {
  std::string normalised;
  std::string problem;
  const Status done = normalise_pattern(text, normalised, problem);
  CHECK(done.has_value() == problem.empty());
  return done ? normalised : problem;
}

std::string domain(std::string_view text) {
  std::string normalised;
  std::string problem;
  return normalise_domain(text, normalised, problem) ? normalised : problem;
}

TEST_CASE("patterns are normalised") {
  CHECK(pattern("A.Example.com.") == "a.example.com");
  for (const std::string_view good :
       {"localhost", "*.example.com", "**.example.com", "*.*.example.com", "*__misha.example.com",
        "a*.b-*-c.example.com", "**.*.a.com", "a.*.example.com", "127.0.0.1"}) {
    CHECK(pattern(good) == good);
  }
}

TEST_CASE("what is no pattern is refused with its reason") {
  CHECK(pattern("{repl}.example.com") ==
        "pattern \"{repl}.example.com\" is refused: captures ({name}) are not known to this version; use \"*\"");
  CHECK(pattern("a.com/path").find("paths are not known") != std::string::npos);
  CHECK(pattern("").find("it is empty") != std::string::npos);
  CHECK(pattern(".").find("it is empty") != std::string::npos);
  CHECK(pattern("a..com").find("an empty label") != std::string::npos);
  CHECK(pattern("a.**.com").find("first label") != std::string::npos);
  CHECK(pattern("***.com").find("one \"*\"") != std::string::npos);
  CHECK(pattern("a*b*.com").find("one \"*\"") != std::string::npos);
  CHECK(pattern("a.*").find("last label must be literal") != std::string::npos);
  CHECK(pattern("**").find("last label must be literal") != std::string::npos);
  CHECK(pattern("a.com:80").find("letters, digits") != std::string::npos);
  CHECK(pattern("a b.com").find("letters, digits") != std::string::npos);
  CHECK(pattern("*.*.*.*.*.com").find("more than 4 wildcard labels") != std::string::npos);
  CHECK(pattern(std::string(64, 'a') + ".com").find("63 bytes") != std::string::npos);
  CHECK(pattern(std::string(254, 'a')).find("253 bytes") != std::string::npos);
}

TEST_CASE("a domain is a name of two labels or more, without wildcards") {
  CHECK(domain("Example.COM.") == "example.com");
  CHECK(domain("com") == "domain \"com\" is refused: a domain has two labels at least");
  CHECK(domain("*.example.com").find("no wildcard") != std::string::npos);
  CHECK(domain("ex ample.com").find("letters, digits") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker
