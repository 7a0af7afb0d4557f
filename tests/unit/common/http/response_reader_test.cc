#include <doctest/doctest.h>

#include "tests/unit/common/http/allocation_count.h"
#include "tests/unit/common/http/transcript.h"

namespace ingress::http::test {
namespace {

using namespace std::string_literals;

// Reads it whole, and holds every other way of cutting to the same outcome.
Transcript read(const std::string& raw, const Asked& asked = {}) {
  Transcript seen = read_response(raw, asked, whole);
  CHECK(read_response(raw, asked, bytewise) == seen);
  for (size_t cut = 1; cut < raw.size(); ++cut) CHECK(read_response(raw, asked, cut_at(cut)) == seen);
  for (uint64_t seed = 1; seed < 10; ++seed) {
    CHECK(read_response(raw, asked, seeded(seed), {}, seeded(seed + 50)) == seen);
  }
  return seen;
}

struct Good {
  const char* name;
  std::string raw;
  BodyKind kind;
  std::string body;
  bool keep_alive;
};

TEST_CASE("answers are framed as RFC 9112, 6.3 says") {
  const std::vector<Good> cases = {
      {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"s, BodyKind::kLength, "abc", true},
      {"a length of 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"s, BodyKind::kLength, "", true},
      {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"s, BodyKind::kChunked,
       "abc", true},
      {"until close", "HTTP/1.1 200 OK\r\n\r\nabc\r\n"s, BodyKind::kUntilClose, "abc\r\n", false},
      {"until close in HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc"s, BodyKind::kUntilClose, "abc", false},
      {"HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"s, BodyKind::kLength, "abc", false},
      {"HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na"s,
       BodyKind::kLength, "a", true},
      {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"s, BodyKind::kLength, "a", false},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n"s, BodyKind::kNone, "", true},
      {"204 with a length of 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"s, BodyKind::kNone, "", true},
      {"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"s, BodyKind::kNone, "", true},
      {"304 with chunked", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"s, BodyKind::kNone, "",
       true},
      {"no reason, its space", "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\na"s, BodyKind::kLength, "a", true},
      {"no reason, no space", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na"s, BodyKind::kLength, "a", true},
      {"status 999", "HTTP/1.1 999 \xc3\xa9 !\r\nContent-Length: 1\r\n\r\na"s, BodyKind::kLength, "a", true},
  };
  for (const Good& good : cases) {
    CAPTURE(good.name);
    const Transcript seen = read(good.raw);
    CHECK(seen.error.empty());
    REQUIRE(seen.messages.size() == 1);
    CHECK(seen.messages[0].kind == good.kind);
    CHECK(seen.messages[0].body == good.body);
    CHECK(seen.messages[0].keep_alive == good.keep_alive);
    CHECK(seen.messages[0].complete);
  }
}

TEST_CASE("an answer to HEAD has no body, whatever its fields say") {
  for (const char* field : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
    const Transcript seen = read("HTTP/1.1 200 OK\r\n"s + field + "\r\n", {.head_request = true});
    CHECK(seen.error.empty());
    REQUIRE(seen.messages.size() == 1);
    CHECK(seen.messages[0].kind == BodyKind::kNone);
    CHECK(seen.messages[0].keep_alive);
  }
}

TEST_CASE("malformed and ambiguous answers are errors of the origin") {
  const std::vector<std::string> heads = {
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"s,
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"s,
      "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n"s,
      "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"s,
      "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n"s,
      "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"s,
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"s,
      "HTTP/1.1 200 OK\nX: a\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX: a\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX : a\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"s,
      "HTTP/1.1 200 O\x01K\r\n\r\n"s,
      "HTTP/1.1 099 OK\r\n\r\n"s,
      "HTTP/1.1 20 OK\r\n\r\n"s,
      "HTTP/1.1 2000 OK\r\n\r\n"s,
      "HTTP/1.1 2x0 OK\r\n\r\n"s,
      "HTTP/1.1  200 OK\r\n\r\n"s,
      "HTTP/1.1\t200 OK\r\n\r\n"s,
      "HTTP/1.1 200\tOK\r\n\r\n"s,
      "HTTP/1.1200 OK\r\n\r\n"s,
      "HTTP/1.2 200 OK\r\n\r\n"s,
      "HTTP/2 200\r\n\r\n"s,
      "HTTP/0.9 200 OK\r\n\r\n"s,
      "http/1.1 200 OK\r\n\r\n"s,
      " HTTP/1.1 200 OK\r\n\r\n"s,
      "\r\nHTTP/1.1 200 OK\r\n\r\n"s,
      "<html>hello</html>"s,
      "HTTP/1.1 200 OK\r\nConnection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n\r\n"s,
  };
  for (const std::string& raw : heads) {
    CAPTURE(raw);
    CHECK(read(raw).error == "protocol");
  }
}

TEST_CASE("malformed chunks are errors of the origin") {
  for (const char* chunks : {"x\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n", "0x3\r\nabc\r\n", "3\nabc\r\n", "3\r\nabcd\r\n",
                             "3\r\nabc\n", "3;\r\nabc\r\n", "0\r\nX: a\n\r\n", "0\r\nContent-Length: 3\r\n\r\n"}) {
    CAPTURE(chunks);
    CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"s + chunks).error == "protocol");
  }
}

TEST_CASE("interim answers come through before the final one") {
  const Transcript seen = read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 103 More\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
  CHECK(seen.error.empty());
  REQUIRE(seen.messages.size() == 4);
  CHECK(seen.messages[0].status == 100);
  CHECK(seen.messages[1].fields == Pairs{{"Link", "<a>"}});
  CHECK(seen.messages[2].reason == "More");
  CHECK(seen.messages[3].status == 200);
  CHECK(seen.messages[3].body == "a");
}

TEST_CASE("an origin that goes on with interim answers is refused at the 65th") {
  const std::string final_answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  std::string raw;
  for (int i = 0; i < 64; ++i) raw += "HTTP/1.1 103 \r\n\r\n";
  const Transcript seen = read_response(raw + final_answer, {}, whole);
  CHECK(seen.error.empty());
  CHECK(seen.messages.size() == 65);
  CHECK(read_response(raw + "HTTP/1.1 103 \r\n\r\n" + final_answer, {}, whole).error == "protocol");
}

TEST_CASE("a 101 that was asked for turns the connection over, to its end") {
  const Asked asked{.wants_upgrade = true};
  const Transcript seen =
      read("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nHTTP/1.1 1", asked);
  CHECK(seen.error.empty());
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].kind == BodyKind::kUpgraded);
  CHECK(seen.messages[0].body == "HTTP/1.1 1");
  CHECK_FALSE(seen.messages[0].keep_alive);
  CHECK(read("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", asked).error == "protocol");
  const Transcript refused = read("HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", asked);
  CHECK(refused.messages.at(0).status == 400);
  CHECK(refused.error.empty());
}

TEST_CASE("trailers come through, but not those that may not be trailers") {
  const Transcript seen = read(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nGrpc-Status: 0\r\nSet-Cookie: a=b\r\n"
      "Keep-Alive: x\r\nX-B:\r\n\r\n");
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].trailers == Pairs{{"Grpc-Status", "0"}, {"X-B", ""}});
}

TEST_CASE("bytes behind an answer are left, and are an error where no further answer is expected") {
  const Transcript seen = read_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1", {}, whole);
  CHECK(seen.error.empty());
  CHECK(seen.left == 8);
  ResponseReader reader;
  Input input;
  CHECK(reader.next(input.rest(), 0) == ReadEvent::kNeedMore);
  input.deliver("HTTP/1.1 408 Request Timeout\r\n\r\n");
  CHECK(reader.next(input.rest(), 0) == ReadEvent::kError);
  CHECK(reader.error().side == Side::kOrigin);
}

TEST_CASE("an origin that closes early is an error, safe to retry where nothing had come") {
  for (const char* raw :
       {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    CAPTURE(raw);
    CHECK(read(raw).error == "closed");
    ResponseReader reader;
    reader.expect(false, false);
    CHECK(reader.untouched());
    Input input;
    input.deliver(raw);
    Transcript ignored;
    read_all(reader, input, whole, ignored);
    CHECK_FALSE(reader.untouched());
    CHECK(reader.end_of_input() == ReadEvent::kError);
    CHECK_FALSE(reader.error().retryable);
    CHECK(reader.end_of_input() == ReadEvent::kError);
  }
  ResponseReader reader;
  reader.expect(false, false);
  CHECK(reader.end_of_input() == ReadEvent::kError);
  CHECK(reader.error().code == ErrorCode::kClosed);
  CHECK(reader.error().side == Side::kOrigin);
  CHECK(reader.error().retryable);
}

TEST_CASE("a head over the limits is too large") {
  const ReaderLimits limits{.head_bytes = 64, .field_count = 2};
  const auto error = [&limits](const std::string& raw) { return read_response(raw, {}, bytewise, limits).error; };
  CHECK(error("HTTP/1.1 200 OK\r\nX: " + std::string(60, 'x') + "\r\n\r\n") == "too_large");
  CHECK(error("HTTP/1.1 200 OK\r\nA:\r\nB:\r\nC:\r\n\r\n") == "too_large");
  CHECK(error("HTTP/1.1 200 OK\r\nA:\r\nContent-Length: 0\r\n\r\n").empty());
  CHECK(error("HTTP/1.1 200 " + std::string(60, 'x') + "\r\n\r\n") == "too_large");
}

TEST_CASE("one answer after the other is read without allocating") {
  const std::string raw = std::string(kHeadroomBytes, '.') + "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 2\r\n\r\nab";
  std::string memory;
  memory.reserve(raw.size());
  ResponseReader reader;
  const auto read_one = [&reader, &memory, &raw] {
    memory = raw;
    MutableBytes input = MutableBytes(reinterpret_cast<uint8_t*>(memory.data()), memory.size()).subspan(kHeadroomBytes);
    reader.expect(false, false);
    const bool good = reader.next(input, 0) == ReadEvent::kHead && reader.head().fields.size() == 2 &&
                      reader.next(input, 9) == ReadEvent::kData && reader.next(input, 0) == ReadEvent::kEnd;
    return good ? 1 : 0;
  };
  REQUIRE(read_one() == 1);
  const size_t before = allocation_count();
  int good = 0;
  for (int i = 0; i < 100; ++i) good += read_one();
  CHECK(allocation_count() == before);
  CHECK(good == 100);
}

}  // namespace
}  // namespace ingress::http::test
