#include "common/base/hex.h"

#include <doctest/doctest.h>

using namespace ingress;

TEST_CASE("bytes become lower-case text and come back") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string text = to_hex(all);
  CHECK(text.size() == 512);
  CHECK(text.substr(0, 8) == "00010203");
  CHECK(text.substr(508) == "feff");
  CHECK(from_hex(text) == all);
  CHECK(from_hex("FEff") == "\xfe\xff");
  CHECK(from_hex("") == "");
}

TEST_CASE("what is no whole number of bytes, or no digit, is refused") {
  for (const char* const text : {"0", "000", "0g", "g0", "0x", " 0", "0/", "0:", "@0", "`0"}) {
    CAPTURE(text);
    CHECK_FALSE(from_hex(text));
  }
}

TEST_CASE("a byte of a URI is encoded in upper case") {
  std::string out = "a";
  append_percent_encoded(' ', out);
  append_percent_encoded('\xfe', out);
  CHECK(out == "a%20%FE");
}
