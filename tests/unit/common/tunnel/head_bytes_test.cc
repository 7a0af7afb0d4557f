#include "common/tunnel/head_bytes.h"

#include <doctest/doctest.h>

#include <string>

namespace ingress::tunnel {
namespace {

// Every byte at every place of texts of every length around that of two blocks.
template <class Check, class Allowed>
void check_everywhere(Check check, Allowed allowed) {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        REQUIRE_MESSAGE(check(text) == allowed(byte), "byte " << byte << " at " << at << " of " << size);
      }
    }
  }
}

TEST_CASE("a value holds no NUL, CR or LF, and anything else") {
  check_everywhere(is_value, [](int byte) { return byte != 0 && byte != '\r' && byte != '\n'; });
  CHECK(is_value(""));
  CHECK(is_value("a\tb\tc\td\te\tf"));
}

TEST_CASE("a target holds no control character, space or DEL") {
  check_everywhere(is_target, [](int byte) { return byte > 0x20 && byte != 0x7f; });
  CHECK_FALSE(is_target(""));
}

}  // namespace
}  // namespace ingress::tunnel
