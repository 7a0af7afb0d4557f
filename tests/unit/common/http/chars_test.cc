#include "common/http/chars.h"

#include <doctest/doctest.h>

#include <string>

#include "common/http/head.h"

using namespace ingress::http;

TEST_CASE("the first control character but HTAB is found, wherever it lies") {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, '\t');
        text.back() = 'x';
        text[at] = static_cast<char>(byte);
        const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        REQUIRE(find_control(text) == (control ? at : size));
        REQUIRE(has_control(text) == control);
        REQUIRE(find_control(text, at) == (control ? at : size));
        REQUIRE(find_control(text, size) == size);
      }
    }
  }
  CHECK(find_control("") == 0);
}

TEST_CASE("names are equal whatever their case, and only those") {
  for (size_t size = 1; size <= 40; ++size) {
    const std::string name(size, 'k');
    CHECK(iequals(name, std::string(size, 'K')));
    CHECK_FALSE(iequals(name, std::string(size + 1, 'k')));
    for (size_t at = 0; at < size; ++at) {
      std::string other = name;
      for (int byte = 0; byte < 256; ++byte) {
        other[at] = static_cast<char>(byte);
        REQUIRE(iequals(name, other) == (byte == 'k' || byte == 'K'));
      }
    }
  }
  CHECK(iequals("", ""));
  // Bytes that differ by the bit of the case alone, and are no letters.
  CHECK_FALSE(iequals("aaaaaaa@", "aaaaaaa`"));
  CHECK_FALSE(iequals("aaaaaaa[", "aaaaaaa{"));
}
