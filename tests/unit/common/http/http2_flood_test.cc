// What a client of HTTP/2 may not do without end, and what it may.
#include <doctest/doctest.h>

#include <deque>

#include "tests/unit/common/http/http2_pair.h"

namespace ingress::http::test {
namespace {

constexpr uint8_t kData = 0;
constexpr uint8_t kHeaders = 1;
constexpr uint8_t kPriority = 2;
constexpr uint8_t kSettings = 4;
constexpr uint8_t kPing = 6;
constexpr uint8_t kContinuation = 9;

std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  uint8_t header[9];
  put_u24(header, static_cast<uint32_t>(payload.size()));
  header[3] = type;
  header[4] = flags;
  put_u32(header + 5, stream);
  return std::string(as_text(header)).append(payload);
}

// The last frame says so.
bool told_to_calm_down(Pair& pair) {
  constexpr size_t kGoawayBytes = 17;
  constexpr char kGoaway = 7;
  REQUIRE(pair.take());
  const std::string& seen = pair.written;
  return pair.server.over() && seen.size() > kGoawayBytes && seen[seen.size() - kGoawayBytes + 3] == kGoaway &&
         seen.back() == NGHTTP2_ENHANCE_YOUR_CALM;
}

// The answers to them are read all the time, so that only the count stops them.
bool ends_by(Pair& pair, const std::string& repeated, int count) {
  pair.run();
  for (int i = 0; i < count; ++i) {
    pair.give(repeated);
    REQUIRE(pair.take());
    if (pair.server.over()) break;
  }
  return told_to_calm_down(pair);
}

TEST_CASE("streams that are opened and reset in numbers end the session") {
  Pair pair;
  pair.run();
  int opened = 0;
  for (; opened < 1000 && !pair.server.over(); ++opened) {
    const int32_t id = pair.peer.get("/");
    pair.give(pair.peer.output());
    pair.peer.reset(id);
    pair.give(pair.peer.output());
    REQUIRE(pair.take());
  }
  CHECK(told_to_calm_down(pair));
  CHECK(opened < 600);
}

TEST_CASE("deadlines that pass, however many, end no session") {
  Pair pair;
  pair.run();
  std::deque<int32_t> open;
  for (int i = 0; i < 3000; ++i) {
    const int32_t id = pair.peer.get("/");
    open.push_back(id);
    pair.run();
    pair.now += Duration{1};
    if (open.size() < 20) continue;
    pair.peer.reset(open.front());
    open.pop_front();
    pair.run();
  }
  CHECK(pair.peer.goaways.empty());
}

TEST_CASE("a client that gives up a page's worth of requests now and then is served") {
  Pair pair;
  for (int page = 0; page < 9; ++page) {
    std::vector<int32_t> ids(100);
    for (int32_t& id : ids) id = pair.peer.get("/");
    pair.run();
    for (const int32_t id : ids) pair.peer.reset(id);
    pair.run();
    pair.now += Duration{1500};
  }
  CHECK(pair.peer.goaways.empty());
}

TEST_CASE("requests that have to be reset, in numbers, end the session as well") {
  Pair pair;
  for (int i = 0; i < 1000 && !pair.server.over(); ++i) {
    pair.peer.request({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"connection", "close"}});
    pair.give(pair.peer.output());
    REQUIRE(pair.take());
  }
  CHECK(told_to_calm_down(pair));
}

TEST_CASE("PING, SETTINGS, PRIORITY and empty DATA frames without end end the session") {
  for (const std::string& repeated : {frame(kPing, 0, 0, "12345678"), frame(kSettings, 0, 0, ""),
                                      frame(kPriority, 0, 3, std::string(5, '\0')), frame(kData, 0, 1, "")}) {
    Pair pair;
    pair.peer.post("/");
    CAPTURE(static_cast<int>(repeated[3]));
    CHECK(ends_by(pair, repeated, 5000));
  }
}

TEST_CASE("a PING a round trip, for as long as data flows, is no flood") {
  Pair pair;
  pair.run();
  for (int i = 0; i < 5000; ++i) {
    pair.give(frame(kPing, 0, 0, "12345678"));
    REQUIRE(pair.take());
    pair.now += Duration{10};
  }
  CHECK(pair.peer.ping_acks == 5000);
  CHECK(pair.peer.goaways.empty());
}

TEST_CASE("a PING for each piece of data that came is no flood, however short the round trip") {
  Pair pair;
  const int32_t id = pair.peer.get("/");
  pair.run();
  Http2Stream& stream = *pair.recorder.streams.at(0)->stream;
  stream.send_head(200, {}, false);
  for (int i = 0; i < 5000; ++i) {
    stream.send_data(as_bytes("x"), false);
    pair.run();
    pair.give(frame(kPing, 0, 0, "12345678"));
    REQUIRE(pair.take());
  }
  CHECK(id == 1);
  CHECK(pair.peer.ping_acks == 5000);
  CHECK(pair.peer.goaways.empty());
}

TEST_CASE("acknowledgements that nobody reads are not heaped up") {
  Pair pair;
  pair.run();
  for (int i = 0; i < 900; ++i) pair.give(frame(kPing, 0, 0, "12345678"));
  CHECK(told_to_calm_down(pair));
}

TEST_CASE("a header section of endless CONTINUATION frames ends the session") {
  Pair pair;
  pair.run();
  pair.give(frame(kHeaders, 0, 1, "\x82"));
  for (int i = 0; i < 100 && !pair.server.over(); ++i) {
    pair.give(frame(kContinuation, 0, 1, ""));
    REQUIRE(pair.take());
  }
  CHECK(told_to_calm_down(pair));
}

TEST_CASE("a header section that unpacks to more and more ends the session, in bounded memory") {
  Pair pair;
  pair.run();
  // One literal of 4000 bytes into the table, then its index over and over.
  std::string block = "\x82\x86\x84\x41\x01h";
  block.append("\x40\x01x\x7f\xa1\x1e").append(std::string(4000, 'a'));
  block.append(12000, '\xbe');
  pair.give(frame(kHeaders, 5, 1, block));
  CHECK(told_to_calm_down(pair));
  CHECK(pair.recorder.streams.empty());
}

TEST_CASE("a value that is too large for the decoder is answered by 431 before the session ends") {
  Pair pair;
  pair.run();
  const int32_t id = pair.peer.get("/");
  pair.run();
  pair.last().stream->send_head(200, {}, true);
  pair.run();
  std::string block = "\x82\x86\x84\x41\x01h";
  block.append("\x40\x01x\x7f\xf1\x91\x0d").append(std::string(16000, 'a'));  // says 215,408 bytes
  CHECK(id == 1);
  pair.give(frame(kHeaders, 1, 3, block));
  ByteBuffer out;
  while (pair.server.output(out, size_t{64} * 1024)) {
  }
  const std::string seen(as_text(out.view()));
  CHECK(seen.find("431") != std::string::npos);
  CHECK(pair.server.over());
}

}  // namespace
}  // namespace ingress::http::test
