#include "common/base/words.h"

#include <doctest/doctest.h>

#include <array>
#include <cctype>
#include <string>

using namespace ingress;

namespace {

// Every byte at every place of a word of others.
template <class Check>
void at_every_place(uint8_t rest, Check check) {
  for (size_t place = 0; place < 8; ++place) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::array<uint8_t, 8> bytes;
      bytes.fill(rest);
      bytes[place] = static_cast<uint8_t>(byte);
      check(place, static_cast<uint8_t>(byte), load_word(bytes.data()));
    }
  }
}

}  // namespace

TEST_CASE("a word is made lower case as its bytes are") {
  for (const uint8_t rest : {uint8_t{'Q'}, uint8_t{'z'}, uint8_t{0x00}, uint8_t{0xff}, uint8_t{0x80}}) {
    at_every_place(rest, [](size_t, uint8_t, uint64_t word) {
      uint64_t expected = 0;
      for (int i = 7; i >= 0; --i) {
        const auto byte = static_cast<uint8_t>(word >> (8 * i));
        expected = expected << 8 | (byte >= 'A' && byte <= 'Z' ? static_cast<uint8_t>(byte + 32) : byte);
      }
      REQUIRE(lower_word(word) == expected);
    });
  }
}

TEST_CASE("a short copy writes what it was given and nothing beside it, whatever the size") {
  std::string from;
  for (int i = 0; i < 80; ++i) from += static_cast<char>('!' + i);
  for (size_t size = 0; size <= 70; ++size) {
    std::string to(80, '.');
    copy_short(to.data() + 4, from.data(), size);
    REQUIRE(to == std::string(4, '.') + from.substr(0, size) + std::string(76 - size, '.'));
  }
}
