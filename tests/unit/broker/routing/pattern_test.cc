#include "broker/routing/pattern.h"

#include <doctest/doctest.h>

namespace ingress::broker {
namespace {

std::string pattern(std::string_view text) {
  Pattern read;
  std::string problem;
  const Status done = read_pattern(text, read, problem);
  CHECK(done.has_value() == problem.empty());
  return done ? read.shape : problem;
}

// "shape text [captures]"
std::string whole(std::string_view text) {
  Pattern read;
  std::string problem;
  REQUIRE_MESSAGE(read_pattern(text, read, problem).has_value(), problem);
  std::string all = read.shape + " " + read.text + " [";
  for (const std::string& name : read.captures) all += name + ",";
  return all + "]";
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

TEST_CASE("captures are wildcards with a name, and the shape is without it") {
  CHECK(whole("{repl}.Example.com") == "*.example.com {repl}.example.com [repl,]");
  CHECK(whole("*.{a}__x.{B2}y.com") == "*.*__x.*y.com *.{a}__x.{B2}y.com [,a,B2,]");
  CHECK(whole("**.{a}.com") == "**.*.com **.{a}.com [a,]");
  CHECK(whole("a.com/*/c") == "a.com/{}/c a.com/*/c [,]");
  CHECK(whole("*.com/c/*") == "*.com/c/*  [,]");
  CHECK(whole("a.com/X/{p}/*/end/*") == "a.com/X/{}/{}/end/* a.com/X/{p}/*/end/* [p,,]");
  for (const std::string_view bad : {"{.com", "{}.com", "{1a}.com", "{a b}.com", "{a}{b}.com", "{a}.{a}.com",
                                     "x{a}*.com", "}.com", "a.com/{a}x", "a.com/x{a}", "a.com/{a}/{a}", "a.com/x*"}) {
    CAPTURE(bad);
    CHECK_FALSE(pattern(bad).find("refused") == std::string::npos);
  }
}

TEST_CASE("paths are read as a request's are: decoded, without empty segments") {
  CHECK(pattern("a.com/") == "a.com/");
  CHECK(pattern("a.com/*") == "a.com");
  CHECK(pattern("*.a.com//x///y/") == "*.a.com/x/y");
  CHECK(pattern("a.com/%61%20b/*") == "a.com/a b/*");
  for (const std::string_view bad : {"a.com/..", "a.com/x/./y", "a.com/%2e%2e/x", "a.com/a%2fb", "a.com/a%5cb",
                                     "a.com/%", "a.com/%zz", "a.com/%00", "a.com/..;x/y"}) {
    CAPTURE(bad);
    CHECK(pattern(bad).find("no request may have") != std::string::npos);
  }
  std::string deep = "a.com";
  for (int i = 0; i < 33; ++i) deep += "/x";
  CHECK(pattern(deep).find("32 segments") != std::string::npos);
}

std::string shown(std::string_view text) {
  Pattern read;
  std::string problem;
  REQUIRE_MESSAGE(read_pattern(text, read, problem).has_value(), problem);
  return read.text.empty() ? read.shape : read.text;
}

TEST_CASE("what a pattern is shown as is read as the same pattern") {
  for (const std::string_view text :
       {"A.Example.com.", "{x}.a.com",           "*.{a}__x.{B2}y.com",  "**.{a}.com",     "a.com/",
        "a.com/*",        "a.com//x//y/",        "a.com/X/{p}/*/end/*", "a.com/*/*",      "a.com/%61%20b/*",
        "a.com/a b",      "a.com/100%25",        "a.com/pub/%2A",       "a.com/%2a/*",    "a.com/%7Bx%7D",
        "a.com/%7bx",     "a.com/{x}/%7Bx%7D/*", "a.com/%2541",         "a.com/%252541",  "a.com/%25%32%35",
        "a.com/a%2Ab%3F", "a.com/%3Fq%23",       "a.com/%C3%A4",        "a.com/\xc3\xa4", "a.com/%ff%C3%A4",
        "a.com/%7B%7D",   "a.com/%22%5E+;v=1"}) {
    CAPTURE(text);
    CHECK(whole(shown(text)) == whole(text));
    CHECK(shown(shown(text)) == shown(text));
  }
}

TEST_CASE("an encoded byte that stands for something else in a pattern stays encoded, and is itself") {
  CHECK(whole("a.com/100%25") == "a.com/100%25  []");
  CHECK(whole("a.com/pub/%2A") == "a.com/pub/%2A  []");
  CHECK(whole("a.com/%7bx%7d") == "a.com/%7Bx%7D  []");
  CHECK(whole("a.com/%2541") == "a.com/%2541  []");
  CHECK(whole("a.com/{x}/%2a") == "a.com/{}/%2A a.com/{x}/%2A [x,]");
  CHECK(pattern("a.com/%ff") == "a.com/%FF");
  CHECK(pattern("a.com/%C3%a4") == "a.com/\xc3\xa4");
}

TEST_CASE("a domain is a name of two labels or more, without wildcards") {
  CHECK(domain("Example.COM.") == "example.com");
  CHECK(domain("com") == "domain \"com\" is refused: a domain has two labels at least");
  CHECK(domain("a.com/x").find("no path") != std::string::npos);
  CHECK(domain("*.example.com").find("no wildcard") != std::string::npos);
  CHECK(domain("ex ample.com").find("letters, digits") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker
