#include "common/tunnel/head_codec.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/tunnel/frame.h"

namespace ingress::tunnel {
namespace {

OpenHead open_head() {
  OpenHead head;
  head.port = 4096;
  head.upgrade = true;
  head.request.method = "POST";
  head.request.target = "/a?b=c";
  head.request.fields = {{"Host", "localhost:4096"}, {"X-Empty", ""}, {"x-dup", "1"}, {"X-Dup", "2"}};
  return head;
}

std::vector<uint8_t> encoded(const OpenHead& head, EncodeStatus expected = EncodeStatus::kGood) {
  ByteBuffer out;
  CHECK(encode_open(head, 32768, true, out) == expected);
  if (out.empty()) return {};
  return {out.view().begin(), out.view().end()};
}

bool decodes(const std::vector<uint8_t>& payload) {
  OpenHead head;
  uint32_t grant = 0;
  return decode_open(payload, head, grant);
}

TEST_CASE("a request head comes back as it was: order, case, duplicates, empty values") {
  const auto payload = encoded(open_head());
  OpenHead head;
  uint32_t grant = 0;
  REQUIRE(decode_open(payload, head, grant));
  CHECK(grant == 32768);
  CHECK(head.kind == StreamKind::kHttp);
  CHECK(head.port == 4096);
  CHECK(head.upgrade);
  CHECK(head.request.method == "POST");
  CHECK(head.request.target == "/a?b=c");
  REQUIRE(head.request.fields.size() == 4);
  CHECK(head.request.fields[1].name == "X-Empty");
  CHECK(head.request.fields[1].value.empty());
  CHECK(head.request.fields[2].name == "x-dup");
  CHECK(head.request.fields[3].value == "2");
}

TEST_CASE("a connect limit goes to a peer that knows it, and to no other") {
  OpenHead head = open_head();
  head.connect_limit = Duration{1500};
  ByteBuffer plain;
  REQUIRE(encode_open(head, 32768, false, plain) == EncodeStatus::kGood);
  std::vector<uint8_t> limited = encoded(head);
  CHECK(limited.size() == plain.size() + 4);
  OpenHead back;
  uint32_t grant = 0;
  REQUIRE(decode_open(limited, back, grant));
  CHECK(back.connect_limit == Duration{1500});
  CHECK(back.upgrade);
  CHECK(back.request.method == "POST");
  CHECK(back.request.fields.size() == 4);
  REQUIRE(decode_open(plain.view(), back, grant));
  CHECK(back.connect_limit == Duration{0});
  limited.resize(11);  // within the limit
  CHECK_FALSE(decode_open(limited, back, grant));
  head.connect_limit = std::chrono::hours{24 * 365};
  REQUIRE(decode_open(encoded(head), back, grant));
  CHECK(back.connect_limit == Duration{UINT32_MAX});
}

TEST_CASE("a response head and trailers come back as they were") {
  http::ResponseHead head;
  head.status = 404;
  head.reason =
      "Not \xc3\x9c"
      "berall";
  head.fields = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
  ByteBuffer out;
  REQUIRE(encode_head(head, 7, out) == EncodeStatus::kGood);
  http::ResponseHead back;
  uint32_t grant = 0;
  REQUIRE(decode_head(out.view(), back, grant));
  CHECK(grant == 7);
  CHECK(back.status == 404);
  CHECK(back.reason == head.reason);
  REQUIRE(back.fields.size() == 2);
  CHECK(back.fields[1].value == "b=2");

  ByteBuffer trailers;
  REQUIRE(encode_trailers(head.fields, trailers) == EncodeStatus::kGood);
  http::Fields fields;
  REQUIRE(decode_trailers(trailers.view(), fields));
  CHECK(fields.size() == 2);
  ByteBuffer none;
  REQUIRE(encode_trailers({}, none) == EncodeStatus::kGood);
  CHECK(none.empty());
  REQUIRE(decode_trailers({}, fields));
  CHECK(fields.empty());
}

TEST_CASE("lengths of one, two and three bytes are read back") {
  for (const size_t size : {0U, 1U, 127U, 128U, 16383U, 16384U, 100000U}) {
    const std::string value(size, 'v');
    OpenHead head = open_head();
    head.request.fields = {{"X", value}};
    const auto payload = encoded(head);
    OpenHead back;
    uint32_t grant = 0;
    REQUIRE(decode_open(payload, back, grant));
    CHECK(back.request.fields[0].value == value);
  }
}

TEST_CASE("a head cut short anywhere but between two fields is refused") {
  OpenHead head = open_head();
  head.request.fields = {{"Host", std::string_view("localhost")}};
  const auto payload = encoded(head);
  const size_t before_fields = payload.size() - 2 - 4 - 9;
  for (size_t size = 0; size < payload.size(); ++size) {
    CHECK(decodes({payload.begin(), payload.begin() + static_cast<ptrdiff_t>(size)}) == (size == before_fields));
  }
  CHECK(decodes(payload));
}

TEST_CASE("a response head cut short anywhere but between two fields is refused") {
  http::ResponseHead head;
  head.status = 200;
  head.reason = "OK";
  head.fields = {{"A", "b"}};
  ByteBuffer out;
  REQUIRE(encode_head(head, 0, out) == EncodeStatus::kGood);
  for (size_t size = 0; size <= out.size(); ++size) {
    http::ResponseHead back;
    uint32_t grant = 0;
    const bool whole = size == out.size() || size == out.size() - 4;
    CHECK(decode_head(out.view().first(size), back, grant) == whole);
  }
}

TEST_CASE("over-long lengths are refused") {
  // kind, flags, port, grant, method "G", target "/", then a field
  const std::vector<uint8_t> fixed = {0, 0, 0, 80, 0, 0, 0, 0, 1, 'G', 1, '/'};
  const auto with = [&fixed](std::vector<uint8_t> tail) {
    std::vector<uint8_t> payload = fixed;
    payload.insert(payload.end(), tail.begin(), tail.end());
    return decodes(payload);
  };
  CHECK(with({}));
  CHECK(with({1, 'a', 0}));
  CHECK_FALSE(with({0x81, 0x00, 'a', 0}));        // 1 in two bytes
  CHECK_FALSE(with({1, 'a', 0x80, 0x00}));        // 0 in two bytes
  CHECK_FALSE(with({0x81, 0x80, 0x00, 'a', 0}));  // 1 in three bytes
  CHECK_FALSE(with({0x81, 0x80, 0x80, 0x00, 'a', 0}));
  CHECK_FALSE(with({1, 'a', 2, 'b'}));  // beyond the end
  CHECK_FALSE(with({0, 0}));            // a field without a name
}

TEST_CASE("bytes that could split a message are refused in both directions") {
  const std::string bad_values[] = {"a\rb", "a\nb", std::string("a\0b", 3), "12345678\n", "1234567\r12345678901234"};
  for (const std::string& bad : bad_values) {
    CAPTURE(bad);
    OpenHead head = open_head();
    head.request.fields = {{"A", bad}};
    encoded(head, EncodeStatus::kInvalid);
    http::ResponseHead answer;
    answer.status = 200;
    answer.reason = bad;
    ByteBuffer out;
    CHECK(encode_head(answer, 0, out) == EncodeStatus::kInvalid);
    CHECK(encode_trailers({{"A", bad}}, out) == EncodeStatus::kInvalid);
    CHECK(out.size() == 0);
    // The same from a peer: put the bytes into a good payload.
    head.request.fields = {{"A", std::string_view("xxxxxxxxxxxxxxxxxxxxxxxxxx").substr(0, bad.size())}};
    auto payload = encoded(head);
    std::copy(bad.begin(), bad.end(), payload.end() - static_cast<ptrdiff_t>(bad.size()));
    CHECK_FALSE(decodes(payload));
  }
  for (const std::string_view bad : {"", "A B", "A:", "A\r", "\xc3\x9c", "a(b"}) {
    OpenHead head = open_head();
    head.request.fields = {{bad, "v"}};
    encoded(head, EncodeStatus::kInvalid);
    head = open_head();
    head.request.method = bad;
    encoded(head, EncodeStatus::kInvalid);
  }
  for (const std::string_view bad : {"", "/ HTTP/1.1", "/\r\n", "/\x7f", "/\t"}) {
    OpenHead head = open_head();
    head.request.target = bad;
    encoded(head, EncodeStatus::kInvalid);
  }
}

TEST_CASE("ports and statuses out of range are refused in both directions") {
  for (const int port : {0, -1, 65536}) {
    OpenHead head = open_head();
    head.port = port;
    encoded(head, EncodeStatus::kInvalid);
  }
  auto payload = encoded(open_head());
  payload[2] = payload[3] = 0;
  CHECK_FALSE(decodes(payload));
  for (const int status : {0, 99, 1000}) {
    http::ResponseHead head;
    head.status = status;
    ByteBuffer out;
    CHECK(encode_head(head, 0, out) == EncodeStatus::kInvalid);
    uint8_t bytes[8] = {};
    put_u16(bytes, static_cast<uint32_t>(status));
    uint32_t grant = 0;
    CHECK_FALSE(decode_head(bytes, head, grant));
  }
}

TEST_CASE("a head of exactly 128 KiB is sent and one byte more is not") {
  OpenHead head;
  head.port = 80;
  head.request.method = "G";
  head.request.target = "/";
  const size_t overhead = 8 + 2 + 2 + 2 + 3;  // fixed, method, target, name, the value's length
  const std::string value(kMaxHeadBytes - overhead + 1, 'v');
  head.request.fields = {{"A", std::string_view(value).substr(1)}};
  CHECK(encoded(head).size() == kMaxHeadBytes);
  head.request.fields[0].value = value;
  encoded(head, EncodeStatus::kTooLarge);
  const std::string huge(3 << 20, 'v');
  head.request.fields[0].value = huge;
  encoded(head, EncodeStatus::kTooLarge);
  ByteBuffer out;
  CHECK(encode_trailers(head.request.fields, out) == EncodeStatus::kTooLarge);
}

TEST_CASE("a kind of a later version is passed on as its number") {
  auto payload = encoded(open_head());
  payload[0] = 9;
  OpenHead head;
  uint32_t grant = 0;
  REQUIRE(decode_open(payload, head, grant));
  CHECK(static_cast<int>(head.kind) == 9);
}

}  // namespace
}  // namespace ingress::tunnel
