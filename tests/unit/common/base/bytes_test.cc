#include "common/base/bytes.h"

#include <doctest/doctest.h>

#include <array>

TEST_CASE("integers are written and read in network order") {
  std::array<uint8_t, 9> bytes{};
  ingress::put_u16(bytes.data(), 0x1234);
  ingress::put_u24(bytes.data() + 2, 0xabcdef);
  ingress::put_u32(bytes.data() + 5, 0xdeadbeef);
  CHECK(bytes == std::array<uint8_t, 9>{0x12, 0x34, 0xab, 0xcd, 0xef, 0xde, 0xad, 0xbe, 0xef});
  CHECK(ingress::get_u16(bytes.data()) == 0x1234);
  CHECK(ingress::get_u24(bytes.data() + 2) == 0xabcdef);
  CHECK(ingress::get_u32(bytes.data() + 5) == 0xdeadbeef);
}
