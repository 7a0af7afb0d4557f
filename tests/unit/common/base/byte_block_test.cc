#include "common/base/byte_block.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace ingress;

namespace {

// A copy without a byte of room behind it: a read beyond is found by the sanitizers.
struct Exact {
  explicit Exact(const std::string& text) : memory(new char[text.size()]), size(text.size()) {
    text.copy(memory.get(), size);
  }
  std::string_view view() const { return {memory.get(), size}; }

  std::unique_ptr<char[]> memory;
  size_t size;
};

}  // namespace

TEST_CASE("a test of every byte finds the one that fails, at every place of texts of every length") {
  const auto is_a = [](ByteBlock block) { return is_byte(block, 'a'); };
  for (size_t size = 0; size <= 50; ++size) {
    CHECK(every_byte_of(Exact(std::string(size, 'a')).view(), is_a));
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = 'b';
      CHECK_FALSE(every_byte_of(Exact(text).view(), is_a));
    }
  }
}

TEST_CASE("a range of bytes is told from all others, and the first byte has the lowest bit") {
  for (size_t at = 0; at < sizeof(ByteBlock); ++at) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::string text(sizeof(ByteBlock), '\0');
      text[at] = static_cast<char>(byte);
      const ByteBlock block = load_block(text.data());
      REQUIRE((bits_of(in_range(block, 'a', 'z')) == uint32_t{1} << at) == (byte >= 'a' && byte <= 'z'));
      REQUIRE((bits_of(in_range(block, 0x80, 0xff)) == uint32_t{1} << at) == (byte >= 0x80));
      if (byte != 0) REQUIRE(bits_of(is_byte(block, static_cast<uint8_t>(byte))) == uint32_t{1} << at);
    }
  }
}
