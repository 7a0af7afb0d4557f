#include <doctest/doctest.h>

#include "tests/unit/common/http/allocation_count.h"
#include "tests/unit/common/http/raw_requests.h"
#include "tests/unit/common/http/transcript.h"

namespace ingress::http::test {
namespace {

MutableBytes bytes_of(std::string& text, size_t from = 0) {
  return MutableBytes(reinterpret_cast<uint8_t*>(text.data()), text.size()).subspan(from);
}

// The bytes begin behind headroom, as every input does.
std::string with_headroom(std::string_view text) { return std::string(kHeadroomBytes, '.') + std::string(text); }

TEST_CASE("every raw request of the table is read as it says, in one piece") {
  REQUIRE(raw_requests().size() >= 200);
  for (const RawRequest& raw : raw_requests()) {
    CAPTURE(raw.name);
    const Transcript seen = read_requests(raw.raw, whole);
    CHECK(seen.error == raw.error);
    size_t complete = 0, body_bytes = 0;
    for (const Message& message : seen.messages) {
      complete += message.complete ? 1 : 0;
      body_bytes += message.body.size();
    }
    CHECK(complete == raw.requests);
    CHECK(body_bytes == raw.body_bytes);
  }
}

TEST_CASE("a raw request is read in the same way however it is cut") {
  for (const RawRequest& raw : raw_requests()) {
    CAPTURE(raw.name);
    const Transcript expected = read_requests(raw.raw, whole);
    if (raw.raw.size() < 1000) {
      CHECK(read_requests(raw.raw, bytewise) == expected);
      for (size_t cut = 1; cut < raw.raw.size(); ++cut) CHECK(read_requests(raw.raw, cut_at(cut)) == expected);
      for (uint64_t seed = 1; seed < 20; ++seed) CHECK(read_requests(raw.raw, seeded(seed)) == expected);
    } else {
      CHECK(read_requests(raw.raw, cut_at(raw.raw.size() / 2)) == expected);
      CHECK(read_requests(raw.raw, [](size_t left) { return std::min<size_t>(left, 997); }) == expected);
    }
  }
}

TEST_CASE("pairs of good requests are two, however they are cut") {
  std::vector<std::string> good;
  for (const RawRequest& raw : raw_requests()) {
    if (raw.requests == 1 && raw.error[0] == '\0' && raw.raw.size() < 200) good.push_back(raw.raw);
  }
  REQUIRE(good.size() >= 30);
  for (size_t i = 0; i < good.size(); ++i) {
    const std::string pair = good[i] + good[(i * 7 + 3) % good.size()];
    const Transcript expected = read_requests(pair, whole);
    CAPTURE(pair);
    CHECK(expected.error.empty());
    CHECK(expected.messages.size() == 2);
    CHECK(read_requests(pair, bytewise) == expected);
    for (uint64_t seed = 1; seed < 10; ++seed) {
      CHECK(read_requests(pair, seeded(seed), {}, seeded(seed + 100)) == expected);
    }
  }
}

TEST_CASE("a head is shown as it was sent") {
  const Transcript seen = read_requests(
      "QUERY /a?b=%20 HTTP/1.1\r\nhOSt: Example.com:81\r\nX-A:  one \t\r\nx-a:\r\nX-A: \xe9\r\n\r\n", whole);
  REQUIRE(seen.messages.size() == 1);
  const Message& message = seen.messages[0];
  CHECK(message.method == "QUERY");
  CHECK(message.target == "/a?b=%20");
  CHECK(message.minor_version == 1);
  CHECK(message.fields == Pairs{{"hOSt", "Example.com:81"}, {"X-A", "one"}, {"x-a", ""}, {"X-A", "\xe9"}});
  CHECK(message.kind == BodyKind::kNone);
}

TEST_CASE("a connection stays open or not as RFC 9112, 9.3 says") {
  const auto keeps = [](const std::string& version, const std::string& field) {
    const Transcript seen = read_requests("GET / HTTP/" + version + "\r\nHost: a\r\n" + field + "\r\n", whole);
    return seen.messages.at(0).keep_alive;
  };
  CHECK(keeps("1.1", ""));
  CHECK(keeps("1.1", "Connection: keep-alive\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: close\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: x, CLOSE ,y\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  CHECK_FALSE(keeps("1.0", ""));
  CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(keeps("1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("an Upgrade counts where it is a real one") {
  const auto upgrades = [](const std::string& version, const std::string& fields) {
    const Transcript seen = read_requests("GET / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n", whole);
    return seen.messages.at(0).wants_upgrade;
  };
  CHECK(upgrades("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"));
  CHECK(upgrades("1.1", "Upgrade: iterate-tunnel\r\nConnection: upgrade\r\n"));
  CHECK_FALSE(upgrades("1.1", "Upgrade: websocket\r\n"));
  CHECK_FALSE(upgrades("1.1", "Connection: Upgrade\r\n"));
  CHECK_FALSE(upgrades("1.1", "Connection: Upgrade\r\nUpgrade:\r\n"));
  CHECK_FALSE(upgrades("1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  CHECK_FALSE(upgrades("1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"));
  CHECK(upgrades("1.1", "Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n"));
  CHECK(upgrades("1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n"));
  CHECK_FALSE(upgrades("1.1", "Connection: Upgrade\r\nUpgrade: h2c/1\r\n"));
}

TEST_CASE("an absolute target with a query and no path has the path /, however it comes") {
  const auto target = [](const std::string& method, const std::string& said) {
    const std::string raw = method + " " + said + " HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    const Transcript seen = read_requests(raw, whole);
    REQUIRE(seen.error.empty());
    const Message& message = seen.messages.at(0);
    CHECK(message.method == method);
    CHECK(message.fields == Pairs{{"Host", "a"}, {"X", "y"}});
    return message.target;
  };
  CHECK(target("GET", "http://b.example?y") == "http://b.example/?y");
  CHECK(target("OPTIONS", "HTTPS://b.example:8443?") == "HTTPS://b.example:8443/?");
  CHECK(target("G", "http://b?http://c/?d") == "http://b/?http://c/?d");
  CHECK(target("GET", "http://b.example/?y") == "http://b.example/?y");
  CHECK(target("GET", "http://b.example") == "http://b.example");
  CHECK(target("GET", "/?http://b?y") == "/?http://b?y");
}

TEST_CASE("trailers are handed out, but those that may not be trailers are dropped") {
  const Transcript seen = read_requests(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nConnection: close\r\n"
      "Authorization: x\r\nX_Forwarded_For: 1.2.3.4\r\nContent-Type: text/html\r\nx-sum: 2\r\n\r\n",
      whole);
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].complete);
  CHECK(seen.messages[0].trailers == Pairs{{"X-Sum", "1"}, {"x-sum", "2"}});
}

TEST_CASE("no more of a body is handed out than is allowed, and nothing where nothing is") {
  std::string raw =
      with_headroom("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  MutableBytes input = bytes_of(raw, kHeadroomBytes);
  RequestReader reader;
  REQUIRE(reader.next(input, 0) == ReadEvent::kHead);
  CHECK(reader.in_body());
  CHECK(reader.next(input, 0) == ReadEvent::kBlocked);
  CHECK(reader.next(input, 0) == ReadEvent::kBlocked);
  REQUIRE(reader.next(input, 2) == ReadEvent::kData);
  CHECK(as_text(reader.data()) == "he");
  REQUIRE(reader.next(input, 3) == ReadEvent::kData);
  CHECK(as_text(reader.data()) == "llo");
  // The end needs no allowance: no body byte is left.
  CHECK(reader.next(input, 0) == ReadEvent::kEnd);
  CHECK(input.empty());
  CHECK_FALSE(reader.in_body());
}

TEST_CASE("an idle reader says so, and a begun head makes it busy") {
  RequestReader reader;
  CHECK(reader.idle());
  MutableBytes nothing;
  CHECK(reader.next(nothing, 0) == ReadEvent::kNeedMore);
  CHECK(reader.idle());
  std::string begun = with_headroom("G");
  MutableBytes input = bytes_of(begun, kHeadroomBytes);
  CHECK(reader.next(input, 0) == ReadEvent::kNeedMore);
  CHECK(input.size() == 1);
  CHECK_FALSE(reader.idle());

  RequestReader other;
  std::string request = with_headroom("GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n");
  input = bytes_of(request, kHeadroomBytes);
  REQUIRE(other.next(input, 0) == ReadEvent::kHead);
  CHECK_FALSE(other.idle());
  REQUIRE(other.next(input, 0) == ReadEvent::kEnd);
  CHECK(other.idle());
  // An empty line is no byte of a request.
  CHECK(other.next(input, 0) == ReadEvent::kNeedMore);
  CHECK(input.empty());
  CHECK(other.idle());
}

TEST_CASE("after an upgrade every byte is data") {
  std::string raw =
      with_headroom("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  MutableBytes input = bytes_of(raw, kHeadroomBytes);
  RequestReader reader;
  REQUIRE(reader.next(input, 0) == ReadEvent::kHead);
  REQUIRE(reader.next(input, 0) == ReadEvent::kEnd);
  reader.upgrade();
  CHECK(reader.framing().kind == BodyKind::kUpgraded);
  CHECK(reader.next(input, 0) == ReadEvent::kBlocked);
  REQUIRE(reader.next(input, 5) == ReadEvent::kData);
  CHECK(as_text(reader.data()) == "GET /");
  REQUIRE(reader.next(input, 500) == ReadEvent::kData);
  CHECK(as_text(reader.data()) == " HTTP/1.1\r\n\r\n");
  CHECK(reader.next(input, 500) == ReadEvent::kNeedMore);
  CHECK(reader.in_body());
}

TEST_CASE("an error is final") {
  std::string raw = with_headroom("GET / HTTP/3.0\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  MutableBytes input = bytes_of(raw, kHeadroomBytes);
  RequestReader reader;
  CHECK(reader.next(input, 0) == ReadEvent::kError);
  CHECK(reader.error().code == ErrorCode::kBadRequest);
  CHECK(reader.error().side == Side::kClient);
  CHECK(reader.next(input, 0) == ReadEvent::kError);
  CHECK_FALSE(reader.idle());
}

TEST_CASE("what can never become a request is refused before its line ends") {
  for (const std::string_view begin :
       {"\x16\x03\x01", "SSH-2.0-x(", "GET  ", "G\x01", " ", "\t", "/", "GET /\n", "GET / HTTP/1.1\r\n ", "\rG"}) {
    CAPTURE(begin);
    CHECK(read_requests(begin, whole).error == "bad_request");
  }
  CHECK(read_requests(std::string(65, 'A'), whole).error == "bad_request");
  CHECK(read_requests(std::string(64, 'A'), whole).error.empty());
}

TEST_CASE("limits hold for heads and for trailers") {
  const ReaderLimits limits{.head_bytes = 64, .field_count = 3};
  const auto error = [&limits](const std::string& raw) { return read_requests(raw, bytewise, limits).error; };
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  // 25 bytes, a field of 5 bytes and its value, the empty line.
  CHECK(error(head + "X: " + std::string(32, 'x') + "\r\n\r\n").empty());
  CHECK(error(head + "X: " + std::string(33, 'x') + "\r\n\r\n") == "header_too_large");
  CHECK(error(head + "A:\r\nB:\r\n\r\n").empty());
  CHECK(error(head + "A:\r\nB:\r\nC:\r\n\r\n") == "header_too_large");
  const std::string chunked = "P / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  CHECK(error(chunked + "A:\r\nB:\r\nC:\r\n\r\n").empty());
  CHECK(error(chunked + "A:\r\nB:\r\nC:\r\nD:\r\n\r\n") == "header_too_large");
  CHECK(error(chunked + "X: " + std::string(57, 'x') + "\r\n\r\n").empty());
  CHECK(error(chunked + "X: " + std::string(58, 'x') + "\r\n\r\n") == "header_too_large");
}

TEST_CASE("CONNECT is read where the limits say so: a host and a port, and no body") {
  const ReaderLimits limits{.connect = true};
  const auto error = [&limits](const std::string& raw) { return read_requests(raw, bytewise, limits).error; };
  const std::string host = " HTTP/1.1\r\nHost: a\r\n";
  const Transcript seen = read_requests("CONNECT mach_1:22" + host + "\r\n", bytewise, limits);
  CHECK(seen.error.empty());
  REQUIRE(seen.messages.size() == 1);
  CHECK(error("CONNECT a:22 HTTP/1.0\r\n\r\n").empty());
  CHECK(error("GET /" + host + "\r\n").empty());
  for (const char* target : {"/", "*", "a", "a:", ":22", "a:x", "http://a:22/", "a:0"}) {
    CAPTURE(target);
    CHECK(error("CONNECT " + std::string(target) + host + "\r\n") == "bad_request");
  }
  CHECK(error("CONNECT a:22" + host + "Content-Length: 0\r\n\r\n") == "bad_request");
  CHECK(error("CONNECT a:22" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "bad_request");
  CHECK(error("CONNECT a:22 HTTP/1.1\r\n\r\n") == "bad_request");
  CHECK(read_requests("CONNECT a:22" + host + "\r\n", whole).error == "method_not_allowed");
}

TEST_CASE("chunk extensions are bounded over the whole message") {
  std::string raw = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "1;" + std::string(1000, 'e') + "\r\nx\r\n";
  for (int i = 0; i < 4; ++i) raw += chunk;
  CHECK(read_requests(raw + "0\r\n\r\n", whole).error.empty());
  CHECK(read_requests(raw + chunk + "0\r\n\r\n", whole).error == "bad_request");
  // The next message has its own.
  const std::string good = raw + "0\r\n\r\n";
  CHECK(read_requests(good + good, whole).messages.size() == 2);
}

TEST_CASE("a long body may have an extension at each of its chunks") {
  std::string raw = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string data(256, 'x');
  for (int i = 0; i < 1000; ++i) raw += "100;signature=" + std::string(64, '0') + "\r\n" + data + "\r\n";
  const Transcript seen = read_requests(raw + "0\r\n\r\n", whole);
  CHECK(seen.error.empty());
  REQUIRE(seen.messages.size() == 1);
  CHECK(seen.messages[0].body.size() == 256000);
}

TEST_CASE("requests are read without allocating, once the first was") {
  const std::string raw = with_headroom(
      "POST /a HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nT: "
      "1\r\n\r\n");
  RequestReader reader;
  std::string memory;
  memory.reserve(raw.size());
  const auto read_one = [&reader, &memory, &raw] {
    memory = raw;
    MutableBytes input = bytes_of(memory, kHeadroomBytes);
    size_t fields = 0;
    ReadEvent event = ReadEvent::kNeedMore;
    do {
      event = reader.next(input, 100);
      if (event == ReadEvent::kHead) fields += reader.head().fields.size();
      if (event == ReadEvent::kEnd) fields += reader.trailers().size();
    } while (event != ReadEvent::kEnd && event != ReadEvent::kError);
    return fields;
  };
  REQUIRE(read_one() == 6);
  REQUIRE(read_one() == 6);
  const size_t before = allocation_count();
  size_t fields = 0;
  for (int i = 0; i < 100; ++i) fields += read_one();
  CHECK(allocation_count() == before);
  CHECK(fields == 600);
}

TEST_CASE("two readers may show their heads at the same time") {
  std::string first = with_headroom("GET /1 HTTP/1.1\r\nHost: one\r\n\r\n");
  std::string second = with_headroom("GET /2 HTTP/1.1\r\nHost: two\r\nX: y\r\n\r\n");
  MutableBytes first_input = bytes_of(first, kHeadroomBytes), second_input = bytes_of(second, kHeadroomBytes);
  RequestReader a, b;
  REQUIRE(a.next(first_input, 0) == ReadEvent::kHead);
  REQUIRE(b.next(second_input, 0) == ReadEvent::kHead);
  CHECK(to_pairs(a.head().fields) == Pairs{{"Host", "one"}});
  CHECK(to_pairs(b.head().fields) == Pairs{{"Host", "two"}, {"X", "y"}});
  CHECK(b.next(second_input, 0) == ReadEvent::kEnd);
  CHECK(to_pairs(a.head().fields) == Pairs{{"Host", "one"}});
}

TEST_CASE("a head of a mebibyte that comes byte by byte is read (a quadratic search would take minutes)") {
  std::string raw = with_headroom("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n");
  RequestReader reader(ReaderLimits{.head_bytes = 1 << 22, .field_count = 256});
  ReadEvent event = ReadEvent::kNeedMore;
  for (size_t given = kHeadroomBytes + 1; event == ReadEvent::kNeedMore && given <= raw.size(); ++given) {
    MutableBytes input = bytes_of(raw, kHeadroomBytes).first(given - kHeadroomBytes);
    event = reader.next(input, 0);
  }
  CHECK(event == ReadEvent::kHead);
}

TEST_CASE("of a head that is refused, what it asked for can still be told; of what is no head, nothing") {
  std::string refused = with_headroom("GET /a?b HTTP/1.1\r\nHost: a b\r\nX: y\r\n\r\n");
  RequestReader reader;
  MutableBytes input = bytes_of(refused, kHeadroomBytes);
  REQUIRE(reader.next(input, 0) == ReadEvent::kError);
  CHECK(reader.error().code == ErrorCode::kInvalidHost);
  CHECK(reader.head().method == "GET");
  CHECK(reader.head().target == "/a?b");
  CHECK(to_pairs(reader.head().fields) == Pairs{{"Host", "a b"}});
  std::string noise = with_headroom("\x16\x03\x01 no request\r\n\r\n");
  RequestReader other;
  input = bytes_of(noise, kHeadroomBytes);
  REQUIRE(other.next(input, 0) == ReadEvent::kError);
  CHECK(other.head().method.empty());
  CHECK(other.head().fields.empty());
}

}  // namespace
}  // namespace ingress::http::test
