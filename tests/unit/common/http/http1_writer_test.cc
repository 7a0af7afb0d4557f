#include "common/http/http1_writer.h"

#include <doctest/doctest.h>

#include "tests/unit/common/http/allocation_count.h"
#include "tests/unit/common/http/transcript.h"

namespace ingress::http::test {
namespace {

std::string text_of(const ByteBuffer& buffer) { return std::string(as_text(buffer.view())); }

TEST_CASE("a request head is written as its parts are") {
  ByteBuffer out;
  write_request_head(out, "GET", "/a?b", {{"Host", "a"}, {"x-A", ""}, {"X-a", "b"}}, {});
  CHECK(text_of(out) == "GET /a?b HTTP/1.1\r\nHost: a\r\nx-A: \r\nX-a: b\r\n\r\n");
}

TEST_CASE("options become fields behind the others") {
  const auto written = [](const HeadOptions& options, const Fields& fields) {
    ByteBuffer out;
    write_request_head(out, "P", "/", fields, options);
    return text_of(out);
  };
  CHECK(written({.chunked = true}, {}) == "P / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(written({.close = true}, {}) == "P / HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(written({.keep_alive = true}, {}) == "P / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
  CHECK(written({.close = true, .keep_alive = true}, {}) == "P / HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(written({.upgrade = true}, {{"Upgrade", "x"}}) == "P / HTTP/1.1\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
  CHECK(written({.te_trailers = true}, {}) == "P / HTTP/1.1\r\n\r\n");
  CHECK(written({.te_trailers = true}, {{"te", "trailers"}}) ==
        "P / HTTP/1.1\r\nte: trailers\r\nConnection: TE\r\n\r\n");
  CHECK(written({.chunked = true, .close = true, .upgrade = true, .te_trailers = true}, {{"TE", "trailers"}}) ==
        "P / HTTP/1.1\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\nConnection: Upgrade, TE, close\r\n\r\n");
}

TEST_CASE("the Upgrade of a 426 is named by Connection") {
  ByteBuffer out;
  write_response_head(out, 426, "U", {{"upgrade", "x"}}, {.close = true});
  write_response_head(out, 426, "U", {}, {});
  write_response_head(out, 400, "B", {{"Upgrade", "x"}}, {});
  CHECK(text_of(out) ==
        "HTTP/1.1 426 U\r\nupgrade: x\r\nConnection: Upgrade, close\r\n\r\nHTTP/1.1 426 U\r\n\r\n"
        "HTTP/1.1 400 B\r\nUpgrade: x\r\n\r\n");
}

TEST_CASE("a response head is always HTTP/1.1, and its reason may be empty") {
  ByteBuffer out;
  write_response_head(out, 200, "OK", {{"A", "b"}}, {.keep_alive = true});
  write_response_head(out, 404, "", {}, {});
  CHECK(text_of(out) == "HTTP/1.1 200 OK\r\nA: b\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 404 \r\n\r\n");
}

TEST_CASE("a chunk's header is written so that it ends before the payload") {
  uint8_t memory[kChunkHeaderBytes + 2];
  const auto header = [&memory](size_t size) {
    std::fill(std::begin(memory), std::end(memory), uint8_t{'.'});
    const size_t bytes = write_chunk_header_before(memory + kChunkHeaderBytes + 1, size);
    CHECK(memory[kChunkHeaderBytes + 1] == '.');
    CHECK(memory[kChunkHeaderBytes - bytes] == '.');
    return std::string(as_text({memory + kChunkHeaderBytes + 1 - bytes, bytes}));
  };
  CHECK(header(1) == "1\r\n");
  CHECK(header(0xf) == "f\r\n");
  CHECK(header(0x10) == "10\r\n");
  CHECK(header(0x1a2b) == "1a2b\r\n");
  CHECK(header(SIZE_MAX) == "ffffffffffffffff\r\n");
  CHECK(header(SIZE_MAX).size() == kChunkHeaderBytes);
}

TEST_CASE("the last chunk takes the trailers along") {
  ByteBuffer out;
  write_last_chunk(out, {});
  CHECK(text_of(out) == kLastChunk);
  out.clear();
  write_last_chunk(out, {{"A", "b"}, {"C", ""}});
  CHECK(text_of(out) == "0\r\nA: b\r\nC: \r\n\r\n");
}

TEST_CASE("what is written is read again as the same message") {
  ByteBuffer out;
  const Pairs fields = {{"Host", "a"}, {"X", "y z"}, {"X", ""}, {"Transfer-Encoding", "chunked"}};
  write_request_head(out, "QUERY", "/x", to_fields({fields.begin(), fields.end() - 1}), {.chunked = true});
  std::string payload = std::string(kHeadroomBytes, '.') + "hello";
  auto* data = reinterpret_cast<uint8_t*>(payload.data()) + kHeadroomBytes;
  const size_t header = write_chunk_header_before(data, 5);
  out.append(Bytes(data - header, header + 5));
  out.append(kChunkEnd);
  write_last_chunk(out, {{"T", "1"}});
  const Transcript seen = read_requests(as_text(out.view()), bytewise);
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].method == "QUERY");
  CHECK(seen.messages[0].fields == fields);
  CHECK(seen.messages[0].body == "hello");
  CHECK(seen.messages[0].trailers == Pairs{{"T", "1"}});
  CHECK(seen.messages[0].complete);
}

TEST_CASE("writing into a buffer that has the room allocates nothing") {
  ByteBuffer out;
  const Fields fields = {{"Host", "a"}, {"X", "y"}};
  write_request_head(out, "GET", "/", fields, {.chunked = true, .close = true});
  const size_t before = allocation_count();
  for (int i = 0; i < 100; ++i) {
    out.clear();
    write_request_head(out, "GET", "/", fields, {.chunked = true, .close = true});
  }
  CHECK(allocation_count() == before);
  CHECK(out.size() > 0);
}

TEST_CASE("reasons are the registry's") {
  CHECK(reason_of(100) == "Continue");
  CHECK(reason_of(200) == "OK");
  CHECK(reason_of(431) == "Request Header Fields Too Large");
  CHECK(reason_of(511) == "Network Authentication Required");
  CHECK(reason_of(299).empty());
  CHECK(reason_of(99).empty());
  CHECK(reason_of(999).empty());
}

}  // namespace
}  // namespace ingress::http::test
