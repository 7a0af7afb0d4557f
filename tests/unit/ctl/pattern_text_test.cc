#include "ctl/pattern_text.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace ingress::ctl {
namespace {

TEST_CASE("spellings of one pattern have one shape") {
  const std::vector<std::vector<const char*>> spellings = {
      {"docs.example.com", "Docs.EXAMPLE.com", "docs.example.com.", "docs.example.com/*", "docs.example.com//*/"},
      {"*.example.com", "{repl}.example.com", "{Other}.Example.com."},
      {"a-*.example.com", "a-{b}.example.com"},
      {"**.example.com", "**.Example.com/*"},
      {"a.example.com/", "a.example.com//", "a.example.com./"},
      {"a.example.com/x/{user}/*", "A.example.com/x/*/*", "a.example.com//x/{id}//*/"},
      {"a.example.com/X", "a.example.com/%58", "a.example.com/X/"},
      {"a.example.com/a%3Fb", "a.example.com/a%3fb"},
      {"a.example.com/%2A", "a.example.com/%2a"},
  };
  for (const auto& one : spellings) {
    for (const char* each : one) {
      CAPTURE(each);
      CHECK(pattern_shape(each) == pattern_shape(one.front()));
    }
    for (const auto& other : spellings) {
      if (&one != &other) CHECK(pattern_shape(one.front()) != pattern_shape(other.front()));
    }
  }
}

TEST_CASE("what stands for itself is no wildcard, and paths have their case") {
  CHECK(pattern_shape("a.example.com/%2A") != pattern_shape("a.example.com"));
  CHECK(pattern_shape("a.example.com/%7B%7D/b") != pattern_shape("a.example.com/{x}/b"));
  CHECK(pattern_shape("a.example.com/%252A") != pattern_shape("a.example.com/%2A"));
  CHECK(pattern_shape("a.example.com/x") != pattern_shape("a.example.com/X"));
  CHECK(pattern_shape("a.example.com/{x}") != pattern_shape("a.example.com/*"));
}

TEST_CASE("a text that is no pattern has a shape, too") {
  const std::vector<std::pair<const char*, const char*>> shapes = {
      {"", ""},
      {"/", "/"},
      {".", ""},
      {"A.{b", "a.{b"},
      {"a.example.com/%", "a.example.com/%25"},
      {"a.example.com/%4", "a.example.com/%254"},
      {"a.example.com/%zz", "a.example.com/%25zz"},
  };
  for (const auto& each : shapes) {
    CAPTURE(each.first);
    CHECK(pattern_shape(each.first) == each.second);
  }
}

TEST_CASE("a question mark of a path is kept as itself") {
  CHECK(pattern_as_kept("q.example.com/a%3Fb/%3F%3F") == "q.example.com/a?b/??");
  CHECK(pattern_as_kept("q.example.com/%253F") == "q.example.com/%253F");
  CHECK(pattern_as_kept("q.example.com") == "q.example.com");
}

}  // namespace
}  // namespace ingress::ctl
