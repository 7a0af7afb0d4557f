#include "common/uv/borrowed_parts.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/uv/socket.h"

using namespace ingress;
using namespace ingress::uv;

namespace {

struct Writer final : Borrower {
  void write_parts(std::span<const Bytes> parts) override {
    CHECK(parts.size() < Socket::kMostParts);
    ++calls;
    for (const Bytes part : parts) written += as_text(part);
  }
  std::string written;
  int calls = 0;
};

}  // namespace

TEST_CASE("each borrower's parts are written by one call, in their order") {
  BorrowedParts parts;
  Writer a;
  Writer b;
  parts.add(a, as_bytes("one "));
  parts.add(b, as_bytes("1 "));
  parts.add(a, as_bytes("two"));
  parts.add(b, as_bytes("2"));
  parts.write_all();
  CHECK(a.written == "one two");
  CHECK(b.written == "1 2");
  CHECK(a.calls + b.calls == 2);
  parts.write_all();
  CHECK(a.calls + b.calls == 2);
}

TEST_CASE("one borrower's parts can be written or forgotten before the others'") {
  BorrowedParts parts;
  Writer a;
  Writer b;
  parts.add(a, as_bytes("a"));
  parts.add(b, as_bytes("b"));
  parts.write(a);
  CHECK(a.written == "a");
  CHECK(b.written.empty());
  parts.add(a, as_bytes("A"));
  parts.forget(b);
  parts.write_all();
  CHECK(a.written == "aA");
  CHECK(b.written.empty());
}

TEST_CASE("more parts than one system call takes are written by several") {
  BorrowedParts parts;
  Writer a;
  std::string expected;
  const std::string letters = "abcdefghijklmnopqrstuvwxyz";
  for (size_t i = 0; i < 100; ++i) {
    parts.add(a, as_bytes(std::string_view(letters).substr(i % 26, 1)));
    expected += letters[i % 26];
  }
  parts.write_all();
  CHECK(a.written == expected);
  CHECK(a.calls == 4);
}
