#include "common/base/token.h"

#include <doctest/doctest.h>

#include <cctype>
#include <string>

using namespace ingress;

namespace {

bool is_tchar(int byte) {
  const char c = static_cast<char>(byte);
  return byte > 0 && byte < 128 &&
         (std::isalnum(byte) != 0 || std::string("!#$%&'*+-.^_`|~").find(c) != std::string::npos);
}

}  // namespace

TEST_CASE("a token ends before the first byte that is no token character, wherever that lies") {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        REQUIRE(token_span(text) == (is_tchar(byte) ? size : at));
        REQUIRE(is_token(text) == is_tchar(byte));
      }
    }
  }
  CHECK(token_span("") == 0);
  CHECK_FALSE(is_token(""));
}

TEST_CASE("all token characters make one token") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    if (is_tchar(byte)) all.push_back(static_cast<char>(byte));
  }
  CHECK(all.size() == 77);
  CHECK(is_token(all));
  CHECK(token_span(all + ": value") == all.size());
}
