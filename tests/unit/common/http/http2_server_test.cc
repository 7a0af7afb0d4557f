#include "common/http/http2_server.h"

#include <doctest/doctest.h>

#include "tests/unit/common/http/http2_pair.h"

namespace ingress::http::test {
namespace {

constexpr int kOk = 200;

TEST_CASE("a GET is told as HTTP/1.1 would say it, and answered") {
  Pair pair;
  const int32_t id = pair.peer.request({{":method", "GET"},
                                        {":scheme", "https"},
                                        {":authority", "misha.example"},
                                        {":path", "/a?b=c"},
                                        {"cookie", "a=1"},
                                        {"x-one", "1"},
                                        {"cookie", "b=2"},
                                        {"te", "trailers"}});
  pair.run();
  REQUIRE(pair.recorder.streams.size() == 1);
  CHECK(pair.last().method == "GET");
  CHECK(pair.last().target == "/a?b=c");
  CHECK(pair.last().fields == "host=misha.example;cookie=a=1; b=2;x-one=1;te=trailers;");
  CHECK(pair.last().ended);
  pair.last().stream->send_head(kOk, {{"X-Answer", "Yes"}, {"Content-Length", "5"}}, false);
  pair.last().stream->send_data(as_bytes("hello"), true);
  pair.run();
  CHECK(pair.peer.streams[id].heads[0] == Rows{{":status", "200"}, {"x-answer", "Yes"}, {"content-length", "5"}});
  CHECK(pair.peer.streams[id].body == "hello");
  CHECK(pair.peer.streams[id].ended);
  CHECK(pair.last().closed);
  CHECK(pair.last().close_error.code == ErrorCode::kClosed);
  CHECK(pair.server.stream_count() == 0);
}

TEST_CASE("a request whose bytes come one by one is the same request") {
  Pair pair;
  pair.cut = 1;
  const int32_t id = pair.peer.post("/p", {{"x-a", "b"}});
  pair.peer.send(id, "hello", false, true);
  pair.run();
  pair.peer.trailers(id, {{"x-sum", "9"}});
  pair.run();
  CHECK(pair.last().fields == "host=h;x-a=b;");
  CHECK(pair.last().body == "hello");
  CHECK(pair.last().trailers == "x-sum=9;");
  CHECK(pair.last().ended);
}

TEST_CASE("a head in several frames that come byte by byte is one head") {
  Pair pair;
  pair.run();
  pair.cut = 1;
  constexpr std::string_view kHead(
      "\0\0\1\1\1\0\0\0\1\x82"
      "\0\0\1\x9\0\0\0\0\1\x86"
      "\0\0\1\x9\0\0\0\0\1\x84"
      "\0\0\3\x9\4\0\0\0\1\x41\1h",
      42);
  pair.give(kHead);
  REQUIRE(pair.recorder.streams.size() == 1);
  CHECK(pair.last().fields == "host=h;");
  CHECK(pair.last().ended);
}

TEST_CASE("1xx heads, trailers and an answer without a body go out as they are") {
  Pair pair;
  const int32_t id = pair.peer.get("/");
  pair.run();
  pair.last().stream->send_head(103, {{"Link", "</a>"}}, false);
  pair.last().stream->send_head(kOk, {}, false);
  pair.last().stream->send_data(as_bytes("body"), false);
  pair.last().stream->send_trailers({{"Grpc-Status", "0"}, {"Empty", ""}});
  pair.run();
  const auto& stream = pair.peer.streams[id];
  REQUIRE(stream.heads.size() == 3);
  CHECK(stream.heads[0] == Rows{{":status", "103"}, {"link", "</a>"}});
  CHECK(stream.heads[2] == Rows{{"grpc-status", "0"}, {"empty", ""}});
  CHECK(stream.body == "body");
  CHECK(stream.ended);
  const int32_t empty = pair.peer.get("/");
  pair.run();
  pair.last().stream->send_head(204, {}, true);
  pair.run();
  CHECK(pair.peer.streams[empty].ended);
  CHECK(pair.peer.streams[empty].status() == "204");
}

TEST_CASE("a body waits for its stream's window alone, and its neighbours pass it") {
  Pair pair(100);
  const int32_t slow = pair.peer.get("/slow");
  pair.run();
  Recorder::Stream& waiting = pair.last();
  waiting.stream->send_head(kOk, {}, false);
  waiting.stream->send_data(as_bytes(std::string(40000, 's')), false);
  const int32_t quick = pair.peer.get("/quick");
  pair.run();
  pair.last().stream->send_head(kOk, {}, false);
  pair.last().stream->send_data(as_bytes("quick"), true);
  pair.run();
  CHECK(pair.peer.streams[quick].ended);
  CHECK(pair.peer.streams[slow].body.size() == 100);
  CHECK(waiting.stream->waiting_bytes() == 39900);
  CHECK(waiting.drained == 0);
  nghttp2_submit_window_update(pair.peer.raw(), NGHTTP2_FLAG_NONE, slow, 60000);
  pair.run();
  CHECK(pair.peer.streams[slow].body == std::string(40000, 's'));
  CHECK(waiting.drained == 1);
  waiting.stream->send_data({}, true);
  pair.run();
  CHECK(waiting.closed);
}

TEST_CASE("an upload that nobody reads stops at its stream's window; others go on") {
  Pair pair;
  const int32_t stuck = pair.peer.post("/stuck");
  pair.run();
  Recorder::Stream& unread = pair.last();
  unread.consumes = false;
  pair.peer.send(stuck, std::string(200000, 'u'), true);
  pair.run();
  CHECK(unread.body.size() == Http2ServerSession::kFirstWindowBytes);
  for (int i = 0; i < 20; ++i) {
    const int32_t other = pair.peer.post("/other");
    pair.peer.send(other, std::string(100000, 'o'), true);
    pair.run();
    CHECK(pair.last().body.size() == 100000);
    CHECK(pair.last().ended);
  }
  unread.consumes = true;
  unread.stream->consumed(unread.body.size(), true);
  pair.run();
  CHECK(unread.body.size() == 200000);
}

TEST_CASE("windows grow with what their readers take, within the connection's budget") {
  Pair pair;
  std::vector<int32_t> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(pair.peer.post("/"));
    pair.peer.send(ids.back(), std::string(4 << 20, 'x'), false);
  }
  for (int i = 0; i < 200; ++i) pair.run();
  int64_t windows = 0;
  for (const int32_t id : ids) windows += nghttp2_session_get_stream_remote_window_size(pair.peer.raw(), id);
  CHECK(windows > 3 << 20);
  CHECK(windows <= static_cast<int64_t>(Http2ServerSession::kGrowthBudgetBytes) + int64_t{10} * 65535);
}

TEST_CASE("HTTP/2 has no Upgrade, also where a 426 asks for one") {
  Pair pair;
  const int32_t id = pair.peer.get("/");
  pair.run();
  pair.last().stream->send_head(426, {{"X-A", "1"}, {"Upgrade", "websocket"}, {"X-B", "2"}}, true);
  pair.run();
  CHECK(pair.peer.streams[id].heads[0] == Rows{{":status", "426"}, {"x-a", "1"}, {"x-b", "2"}});
}

TEST_CASE("a client's RST ends the stream, and the session serves on") {
  Pair pair;
  const int32_t id = pair.peer.get("/");
  pair.run();
  Recorder::Stream& gone = pair.last();
  gone.stream->send_head(kOk, {}, false);
  pair.peer.reset(id);
  pair.run();
  CHECK(gone.closed);
  CHECK(gone.close_error.code == ErrorCode::kReset);
  pair.peer.get("/next");
  pair.run();
  CHECK(pair.last().target == "/next");
}

TEST_CASE("a whole answer before the request's end is told, and the stream goes on until it is cut") {
  Pair pair;
  const int32_t id = pair.peer.post("/");
  pair.run();
  pair.last().stream->send_head(413, {}, false);
  pair.last().stream->send_data(as_bytes("no"), true);
  pair.run();
  CHECK(pair.peer.streams[id].ended);
  CHECK(pair.peer.streams[id].body == "no");
  CHECK(pair.last().answered);
  CHECK_FALSE(pair.peer.streams[id].closed);
  pair.last().stream->cut(false, Http2Stream::kNoError);
  pair.run();
  CHECK(pair.peer.streams[id].closed);
  CHECK(pair.peer.streams[id].code == NGHTTP2_NO_ERROR);
  CHECK(pair.last().closed);
}

TEST_CASE("an answer that is cut goes out as far as it was given, then RST_STREAM") {
  Pair pair;
  const int32_t id = pair.peer.get("/");
  pair.run();
  pair.last().stream->send_head(kOk, {}, false);
  pair.last().stream->send_data(as_bytes("half"), false);
  pair.last().stream->cut(true);
  pair.run();
  CHECK(pair.peer.streams[id].body == "half");
  CHECK_FALSE(pair.peer.streams[id].ended);
  CHECK(pair.peer.streams[id].code == NGHTTP2_INTERNAL_ERROR);
  CHECK(pair.last().closed);
}

TEST_CASE("an answer is cut with the code that is asked for, before its head and behind what waits") {
  Pair pair;
  const int32_t before = pair.peer.get("/");
  pair.run();
  pair.last().stream->cut(true, NGHTTP2_ENHANCE_YOUR_CALM);
  pair.run();
  CHECK(pair.peer.streams[before].code == NGHTTP2_ENHANCE_YOUR_CALM);
  const int32_t behind = pair.peer.get("/");
  pair.run();
  pair.last().stream->send_head(kOk, {}, false);
  pair.run();  // nothing waits: nghttp2 has been told to come back
  pair.last().stream->cut(true, NGHTTP2_CANCEL);
  pair.run();
  CHECK_FALSE(pair.peer.streams[behind].ended);
  CHECK(pair.peer.streams[behind].code == NGHTTP2_CANCEL);
  CHECK(pair.last().closed);
}

TEST_CASE("what waits for a window that does not open is dropped when the stream is cut again, at once") {
  Pair pair;
  const int32_t id = pair.peer.get("/");
  pair.run();
  pair.last().stream->send_head(kOk, {}, false);
  pair.last().stream->send_data(as_bytes(std::string(200000, 'x')), false);
  pair.last().stream->cut(true, NGHTTP2_CANCEL);
  pair.run();
  CHECK(pair.last().stream->waiting_bytes() > 0);
  CHECK_FALSE(pair.peer.streams[id].closed);
  pair.last().stream->cut(false);
  pair.last().stream->cut(false);
  pair.run();
  CHECK(pair.peer.streams[id].code == NGHTTP2_CANCEL);
  CHECK(pair.last().closed);
}

TEST_CASE("malformed requests end their stream with PROTOCOL_ERROR, and the session serves on") {
  const Rows get = {{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/"}};
  const std::vector<Rows> more = {
      {{"connection", "close"}},
      {{"transfer-encoding", "chunked"}},
      {{"upgrade", "websocket"}},
      {{"keep-alive", "1"}},
      {{"proxy-connection", "keep-alive"}},
      {{"te", "gzip"}},
      {{"x-a", "a\r\nb: c"}},
      {{"x-a", std::string("a\0b", 3)}},
      {{"x a", "b"}},
      {{":unknown", "b"}},
      {{":path", "/again"}},
      {{"content-length", "5"}},
      {{"content-length", "0"}, {"content-length", "0"}},
      {{"host", "a"}, {"host", "b"}},
  };
  for (const Rows& rows : more) {
    Pair pair;
    Rows all = get;
    all.insert(all.end(), rows.begin(), rows.end());
    const int32_t id = pair.peer.request(all);
    pair.run();
    CAPTURE(rows[0].first);
    CHECK(pair.recorder.streams.empty());
    CHECK(pair.peer.streams[id].code == NGHTTP2_PROTOCOL_ERROR);
    pair.peer.get("/next");
    pair.run();
    CHECK(pair.recorder.streams.size() == 1);
  }
}

TEST_CASE("what HTTP/1.1 could not say is answered on its stream") {
  struct Case {
    Rows rows;
    ErrorCode code;
  };
  const auto get = [](std::string authority, std::string path, Rows more = {}) {
    Rows rows = {
        {":method", "GET"}, {":scheme", "http"}, {":authority", std::move(authority)}, {":path", std::move(path)}};
    rows.insert(rows.end(), more.begin(), more.end());
    return rows;
  };
  const std::vector<Case> cases = {
      {get("h", "/", {{"host", "other"}}), ErrorCode::kBadRequest},
      {get("h", "/a#b"), ErrorCode::kBadRequest},
      {get("a:b:c", "/"), ErrorCode::kInvalidHost},
      {{{":method", "CONNECT"}, {":authority", "h:22"}}, ErrorCode::kMethodNotAllowed},
      {{{":method", "CONNECT"}, {":protocol", "connect-udp"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/"}},
       ErrorCode::kMethodNotAllowed},
      {get("h", "/", {{"x-big", std::string(70000, 'a')}}), ErrorCode::kHeaderTooLarge},
      {get("h", "/", Rows(300, {"x-many", "1"})), ErrorCode::kHeaderTooLarge},
  };
  Pair pair;
  for (const Case& one : cases) {
    pair.peer.request(one.rows);
    pair.run();
    CHECK(pair.last().refused);
    CHECK(name_of(pair.last().unreadable.code) == name_of(one.code));
  }
  CHECK(pair.peer.goaways.empty());
  pair.peer.request(get("h", "/", {{"host", "H"}}));
  pair.run();
  CHECK_FALSE(pair.last().refused);
  CHECK(pair.last().fields == "host=H;");
}

TEST_CASE("a body that is not as long as its Content-Length says ends its stream") {
  for (const std::string_view body : {"shor", "longer"}) {
    Pair pair;
    const int32_t id = pair.peer.post("/", {{"content-length", "5"}});
    pair.peer.send(id, body, true);
    pair.run();
    CHECK_FALSE(pair.last().ended);
    CHECK(pair.last().closed);
    CHECK(pair.last().close_error.code == ErrorCode::kProtocol);
    CHECK(pair.peer.streams[id].code == NGHTTP2_PROTOCOL_ERROR);
  }
}

TEST_CASE("an extended CONNECT for WebSocket is the GET of a handshake") {
  Pair pair;
  pair.run();
  CHECK(pair.peer.settings[NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL] == 1);
  const int32_t id = pair.peer.request({{":method", "CONNECT"},
                                        {":protocol", "websocket"},
                                        {":scheme", "https"},
                                        {":authority", "h"},
                                        {":path", "/chat"},
                                        {"sec-websocket-version", "13"}},
                                       false);
  pair.run();
  CHECK(pair.last().upgrade);
  CHECK(pair.last().method == "GET");
  CHECK(pair.last().target == "/chat");
  const std::string start = "host=h;sec-websocket-version=13;Connection=Upgrade;Upgrade=websocket;Sec-WebSocket-Key=";
  REQUIRE(pair.last().fields.starts_with(start));
  CHECK(pair.last().fields.size() == start.size() + 25);
  CHECK(pair.last().fields.ends_with("==;"));
  pair.last().stream->set_opaque();
  pair.last().stream->send_head(kOk, {}, false);
  pair.last().stream->send_data(as_bytes("pong"), true);
  pair.run();
  CHECK(pair.peer.streams[id].ended);
  CHECK_FALSE(pair.last().closed);
  pair.peer.send(id, "still", true);
  pair.run();
  CHECK(pair.last().body == "still");
  CHECK(pair.last().ended);
  CHECK(pair.last().closed);
}

TEST_CASE("draining: a warning first, then the last stream's number; what was begun is served") {
  Pair pair;
  const int32_t before = pair.peer.get("/before");
  pair.run();
  Recorder::Stream& first = pair.last();
  pair.server.drain();
  REQUIRE(pair.take());
  REQUIRE(pair.peer.goaways.size() == 1);
  CHECK(pair.peer.goaways[0] == std::pair<int32_t, uint32_t>{0x7fffffff, NGHTTP2_NO_ERROR});
  pair.run();
  REQUIRE(pair.peer.goaways.size() == 2);
  CHECK(pair.peer.goaways[1] == std::pair<int32_t, uint32_t>{before, NGHTTP2_NO_ERROR});
  CHECK_FALSE(pair.server.over());
  first.stream->send_head(kOk, {}, true);
  pair.run();
  CHECK(pair.peer.streams[before].ended);
  CHECK(pair.server.over());
}

TEST_CASE("more streams than are allowed at once are refused one by one") {
  Pair pair;
  pair.run();
  CHECK(pair.peer.settings[NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS] == Http2ServerSession::kMostStreams);
  for (int i = 0; i < 200; ++i) pair.peer.get("/");
  pair.run();
  CHECK(pair.server.stream_count() == Http2ServerSession::kMostStreams);
}

TEST_CASE("a stream number that was passed over can't be opened; late frames of closed streams do no harm") {
  Pair pair;
  nghttp2_session_set_next_stream_id(pair.peer.raw(), 5);
  for (int i = 0; i < 300; ++i) {
    pair.peer.get("/");
    pair.run();
    pair.last().stream->send_head(kOk, {}, true);
  }
  pair.run();
  constexpr std::string_view kEmptyHead("\x00\x00\x00\x01\x05\x00\x00\x00\x05", 9);
  pair.give(kEmptyHead);
  REQUIRE(pair.take());
  CHECK(pair.peer.goaways.empty());
  constexpr std::string_view kPassedOver("\x00\x00\x00\x01\x05\x00\x00\x00\x03", 9);
  pair.give(kPassedOver);
  REQUIRE(pair.take());
  REQUIRE(pair.peer.goaways.size() == 1);
  CHECK(pair.peer.goaways[0].second == NGHTTP2_PROTOCOL_ERROR);
  CHECK(pair.server.over());
}

TEST_CASE("bytes that are no HTTP/2 end the session with GOAWAY") {
  Pair pair;
  pair.give("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(pair.take());
  CHECK(pair.server.over());
}

TEST_CASE("the session's loss is told to every stream") {
  Pair pair;
  pair.peer.get("/1");
  pair.peer.get("/2");
  pair.run();
  pair.server.lose(Error{ErrorCode::kReset, Side::kClient, false, 0, "gone"});
  for (const auto& stream : pair.recorder.streams) CHECK(stream->close_error.code == ErrorCode::kReset);
  CHECK(pair.server.stream_count() == 0);
}

}  // namespace
}  // namespace ingress::http::test
