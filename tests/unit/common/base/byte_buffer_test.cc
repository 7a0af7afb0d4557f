#include "common/base/byte_buffer.h"

#include <doctest/doctest.h>

#include <string>

using ingress::as_text;
using ingress::ByteBuffer;
using ingress::Bytes;
using ingress::kHeadroomBytes;

TEST_CASE("a new buffer is empty and owns no memory") {
  ByteBuffer buffer;
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == 0);
  CHECK(buffer.view().empty());
  buffer.append(Bytes{});
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("bytes come out in the order they went in, one at a time") {
  ByteBuffer buffer;
  std::string expected;
  std::string taken;
  for (int i = 0; i < 5000; ++i) {
    const char byte = static_cast<char>('a' + i % 26);
    expected += byte;
    buffer.append(std::string_view(&byte, 1));
    if (i % 3 == 0) {
      taken += as_text(buffer.view().first(1));
      buffer.consume(1);
    }
  }
  taken += as_text(buffer.view());
  CHECK(taken == expected);
}

TEST_CASE("the headroom before the bytes is writable, also after growth and consumption") {
  ByteBuffer buffer;
  buffer.append("abc");
  buffer.consume(1);
  std::memset(buffer.data() - kHeadroomBytes, 'x', kHeadroomBytes);
  CHECK(as_text(buffer.view()) == "bc");
  buffer.append(std::string(10000, 'y'));
  std::memset(buffer.data() - kHeadroomBytes, 'x', kHeadroomBytes);
  CHECK(buffer.size() == 10002);
  CHECK(as_text(buffer.view().first(3)) == "bcy");
}

TEST_CASE("reserved room counts only once committed") {
  ByteBuffer buffer;
  std::memcpy(buffer.reserve(100), "hello", 5);
  CHECK(buffer.empty());
  buffer.commit(5);
  CHECK(as_text(buffer.view()) == "hello");
}

TEST_CASE("a queue that is emptied as fast as it is filled does not grow") {
  ByteBuffer buffer;
  const std::string chunk(300, 'c');
  buffer.append(chunk);
  for (int i = 0; i < 10000; ++i) {
    buffer.append(chunk);
    buffer.consume(300);
  }
  CHECK(buffer.size() == 300);
  CHECK(buffer.capacity() < 4096);
}

TEST_CASE("a moved-from buffer is empty and can be used again") {
  ByteBuffer first;
  first.append("one");
  ByteBuffer second = std::move(first);
  CHECK(as_text(second.view()) == "one");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  first.append("two");
  CHECK(as_text(first.view()) == "two");
  CHECK(as_text(second.view()) == "one");
}

TEST_CASE("release frees the memory") {
  ByteBuffer buffer;
  buffer.append("abc");
  buffer.release();
  CHECK(buffer.capacity() == 0);
  CHECK(buffer.empty());
  buffer.append("d");
  CHECK(as_text(buffer.view()) == "d");
}
