// An HTTP/2 client against nghttp2's server, both in memory.
#include "common/http/http2_client_session.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/common/http/http2_origin_peer.h"

using namespace ingress;
using namespace ingress::http;
using namespace ingress::http::test;

namespace {

struct Recorder final : Http2ClientStream {
  void on_head(const ResponseHead& head, bool end) override {
    log.push_back("head " + std::to_string(head.status) + " " + std::string(head.reason) + (end ? " end" : ""));
    for (const Field& field : head.fields) fields.emplace_back(field.name, field.value);
  }
  void on_data(MutableBytes payload, bool end) override {
    // The contract lets the owner scribble on the headroom.
    if (!payload.empty()) std::memset(payload.data() - kHeadroomBytes, 0xee, kHeadroomBytes);
    body += as_text(payload);
    ended = ended || end;
    if (consumes) session->consumed(*this, payload.size());
  }
  void on_trailers(const Fields& given) override {
    for (const Field& field : given) trailers.emplace_back(field.name, field.value);
    ended = true;
  }
  void on_ended(Http2Ending how, const Error& why) override {
    ending = how;
    error = why;
  }
  size_t read_body(MutableBytes to, Http2Body& then) override {
    const size_t count = std::min(to.size(), request_body.size());
    std::memcpy(to.data(), request_body.data(), count);
    request_body.erase(0, count);
    if (request_body.empty() && request_ended) then = request_trailers.empty() ? Http2Body::kEnd : Http2Body::kTrailers;
    return count;
  }
  const Fields& body_trailers() override { return request_trailers; }

  Http2ClientSession* session = nullptr;
  std::vector<std::string> log;
  HeadPairs fields, trailers;
  std::string body, request_body;
  Fields request_trailers;
  bool consumes = true, ended = false, request_ended = false;
  std::optional<Http2Ending> ending;
  Error error;
};

struct Pair {
  explicit Pair(uint32_t most_streams = 100) : peer(most_streams) {}

  void request(Recorder& stream, bool end = true, std::string_view method = "GET") {
    stream.session = &client;
    const Fields fields = {{"Host", "localhost:1"}, {"TE", "trailers"}, {"X-Some", "Thing"}, {"Connection", "x"}};
    REQUIRE(client.request({method, "/a?b", &fields, end}, stream));
  }
  // Until neither says more; to the client in pieces of `piece` bytes.
  void pump(size_t piece = size_t{1} << 20) {
    for (bool more = true; more;) {
      more = false;
      for (Bytes out = client.output(); !out.empty(); out = client.output()) {
        more = true;
        sound = peer.receive(out) && sound;
      }
      const std::string text = peer.take();
      for (size_t at = 0; at < text.size() && status; at += piece) {
        more = true;
        std::string input = std::string(kHeadroomBytes, '?') + text.substr(at, piece);
        status = client.receive(
            MutableBytes(reinterpret_cast<uint8_t*>(input.data()), input.size()).subspan(kHeadroomBytes));
      }
    }
  }

  Http2ClientSession client;
  Http2OriginPeer peer;
  Status status;
  bool sound = true;
};

}  // namespace

TEST_CASE("a request goes out as HTTP/2 says, and its answer comes in byte by byte") {
  Pair pair;
  Recorder stream;
  pair.request(stream);
  pair.pump(1);
  const Http2OriginPeer::Request& request = pair.peer.requests.at(1);
  CHECK(request.ended);
  CHECK(request.fields == std::map<std::string, std::string>{{":method", "GET"},
                                                             {":scheme", "http"},
                                                             {":authority", "localhost:1"},
                                                             {":path", "/a?b"},
                                                             {"te", "trailers"},
                                                             {"x-some", "Thing"}});
  pair.peer.head(1, {{":status", "103"}, {"link", "x"}});
  pair.peer.head(1, {{":status", "200"}, {"a", "1"}, {"a", "2"}});
  pair.peer.data(1, "hello");
  pair.pump(1);
  pair.peer.head(1, {{"grpc-status", "0"}}, true);
  pair.pump(1);
  CHECK(stream.log == std::vector<std::string>{"head 103 Early Hints", "head 200 OK"});
  CHECK(stream.fields == HeadPairs{{"link", "x"}, {"a", "1"}, {"a", "2"}});
  CHECK(stream.body == "hello");
  CHECK(stream.trailers == HeadPairs{{"grpc-status", "0"}});
  CHECK(stream.ending == Http2Ending::kComplete);
  CHECK(pair.client.stream_count() == 0);
  CHECK(pair.sound);
}

TEST_CASE("a body goes out as it comes, and trailers after it") {
  Pair pair;
  Recorder stream;
  stream.request_body = "one ";
  pair.request(stream, false, "POST");
  pair.pump();
  CHECK(pair.peer.requests.at(1).body == "one ");
  CHECK_FALSE(pair.peer.requests.at(1).ended);
  stream.request_body = "two";
  stream.request_trailers = {{"X-Sum", "9"}};
  stream.request_ended = true;
  pair.client.resume_body(stream);
  pair.pump();
  CHECK(pair.peer.requests.at(1).body == "one two");
  CHECK(pair.peer.requests.at(1).trailers.at("x-sum") == "9");
  CHECK(pair.peer.requests.at(1).ended);
}

TEST_CASE("a stream whose bytes are not consumed stops at its window, and its neighbours go on") {
  Pair pair;
  std::vector<std::unique_ptr<Recorder>> slow;
  for (int i = 0; i < 80; ++i) {  // together more than the connection's window
    slow.push_back(std::make_unique<Recorder>());
    slow.back()->consumes = false;
    pair.request(*slow.back());
    pair.pump();
  }
  for (int i = 0; i < 80; ++i) {
    pair.peer.head(2 * i + 1, {{":status", "200"}});
    pair.peer.data(2 * i + 1, std::string(200000, 'x'), true);
  }
  pair.pump();
  for (const auto& each : slow) CHECK(each->body.size() == Http2ClientSession::kStreamWindowBytes);
  Recorder quick;
  pair.request(quick);
  pair.pump();
  pair.peer.head(161, {{":status", "200"}});
  pair.peer.data(161, std::string(300000, 'y'), true);
  pair.pump(1000);
  CHECK(quick.body.size() == 300000);
  CHECK(quick.ended);
  slow[3]->consumes = true;
  pair.client.consumed(*slow[3], slow[3]->body.size());
  pair.pump();
  CHECK(slow[3]->body.size() == 200000);
  CHECK(slow[3]->ending == Http2Ending::kComplete);
  for (const auto& each : slow) pair.client.forget(*each);
}

TEST_CASE("what the server did not process is told apart") {
  Pair pair;
  Recorder done, beyond, refused, unsent;
  pair.request(done);
  pair.pump();
  pair.request(beyond);
  pair.request(refused);
  pair.pump();
  pair.peer.reset(5, NGHTTP2_REFUSED_STREAM);
  pair.pump();
  CHECK(refused.ending == Http2Ending::kUnprocessed);
  pair.peer.goaway(1);
  pair.pump();
  CHECK(beyond.ending == Http2Ending::kUnprocessed);
  CHECK_FALSE(done.ending);
  CHECK_FALSE(pair.client.takes_requests());
  CHECK(pair.status.has_value());
  pair.peer.head(1, {{":status", "204"}}, true);
  pair.pump();
  CHECK(done.ending == Http2Ending::kComplete);

  Pair lost;
  lost.pump();
  lost.request(done);
  lost.pump();
  lost.request(unsent);
  lost.client.lose({ErrorCode::kReset, Side::kOrigin, false, 0, "gone"});
  CHECK(done.ending == Http2Ending::kLost);
  CHECK(done.error.code == ErrorCode::kReset);
  CHECK(unsent.ending == Http2Ending::kUnprocessed);
}

TEST_CASE("a stream that the server resets tells the server's code, and one that broke otherwise tells none") {
  for (const uint32_t code : {NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, NGHTTP2_INADEQUATE_SECURITY}) {
    CAPTURE(code);
    Pair pair;
    Recorder stream;
    pair.request(stream);
    pair.pump();
    pair.peer.reset(1, code);
    pair.pump();
    CHECK(http2_code_of(stream.error) == code);
  }
  Pair pair;
  Recorder malformed, beyond;
  pair.request(malformed);
  pair.pump();
  pair.peer.head(1, {{"a", "b"}}, true);
  pair.pump();
  CHECK(malformed.ending == Http2Ending::kFailed);
  CHECK(http2_code_of(malformed.error) == 0);
  pair.request(beyond);
  pair.pump();
  pair.peer.goaway(1);
  pair.pump();
  CHECK(beyond.ending == Http2Ending::kUnprocessed);
  CHECK(http2_code_of(beyond.error) == 0);
}

TEST_CASE("a malformed answer ends its stream alone") {
  const std::vector<HeadPairs> heads = {{{"a", "b"}},
                                        {{":status", "101"}},
                                        {{":status", "20"}},
                                        {{":status", "200"}, {":status", "200"}},
                                        {{":status", "200"}, {":path", "/"}},
                                        {{":status", "200"}, {"connection", "close"}},
                                        {{":status", "200"}, {"transfer-encoding", "chunked"}},
                                        {{":status", "200"}, {"content-length", "1"}, {"content-length", "1"}},
                                        {{":status", "200"}, {"content-length", "x"}},
                                        {{":status", "200"}, {"a", "b\nc"}},
                                        {{":status", "200"}, {"a b", "c"}}};
  for (const HeadPairs& head : heads) {
    CAPTURE(head.back().first);
    Pair pair;
    Recorder stream, neighbour;
    pair.request(stream);
    pair.request(neighbour);
    pair.pump();
    pair.peer.head(1, head);
    pair.pump();
    CHECK(stream.ending == Http2Ending::kFailed);
    CHECK(stream.error.code == ErrorCode::kProtocol);
    CHECK(stream.log.empty());
    pair.peer.head(3, {{":status", "204"}}, true);
    pair.pump();
    CHECK(neighbour.ending == Http2Ending::kComplete);
    CHECK(pair.peer.requests.at(1).reset.has_value());
  }
}

TEST_CASE("a body of another length than said is malformed, and its end is not told") {
  for (const std::string text : {"abc", "abcdef"}) {
    Pair pair;
    Recorder stream;
    pair.request(stream);
    pair.pump();
    pair.peer.head(1, {{":status", "200"}, {"content-length", "5"}});
    pair.peer.data(1, text, true);
    pair.pump();
    CHECK_FALSE(stream.ended);
    CHECK(stream.error.code == ErrorCode::kProtocol);
  }
}

TEST_CASE("heads beyond the limits are refused") {
  for (const bool many : {false, true}) {
    Pair pair;
    Recorder stream;
    pair.request(stream);
    pair.pump();
    HeadPairs head = {{":status", "200"}};
    for (int i = 0; i < (many ? 257 : 66); ++i)
      head.emplace_back("x-" + std::to_string(i), std::string(many ? 1 : 1000, 'y'));
    pair.peer.head(1, head);
    pair.pump();
    CHECK(stream.error.code == ErrorCode::kTooLarge);
    CHECK(pair.status.has_value());
  }
  Pair pair;
  Recorder stream;
  pair.request(stream);
  pair.pump();
  for (int i = 0; i < 65; ++i) {
    pair.peer.head(1, {{":status", "100"}});
    pair.pump();
  }
  CHECK(stream.log.size() == 64);
  CHECK(stream.error.code == ErrorCode::kProtocol);
}

TEST_CASE("a stream that is cancelled is reset and not told") {
  Pair pair;
  Recorder stream;
  pair.request(stream);
  pair.pump();
  pair.client.cancel(stream);
  pair.pump();
  CHECK(pair.peer.requests.at(1).reset == NGHTTP2_CANCEL);
  CHECK_FALSE(stream.ending);
  CHECK(pair.client.stream_count() == 0);
  // One that was not sent never is.
  pair.request(stream);
  pair.client.cancel(stream);
  pair.pump();
  CHECK(pair.peer.requests.count(3) == 0);
  CHECK(pair.sound);
}

TEST_CASE("the server's limit counts once it is known, and one stream begins before") {
  Pair pair(7);
  CHECK(pair.client.stream_limit() == 1);
  pair.pump();
  CHECK(pair.client.stream_limit() == 7);
}

TEST_CASE("a server that does not speak HTTP/2 is an error, and PINGs without end are too") {
  Pair pair;
  std::string words = std::string(kHeadroomBytes, '?') + "HTTP/1.1 400 Bad Request\r\n\r\n";
  const Status status =
      pair.client.receive(MutableBytes(reinterpret_cast<uint8_t*>(words.data()), words.size()).subspan(kHeadroomBytes));
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == ErrorCode::kProtocol);

  Pair flood;
  flood.pump();
  std::string pings(kHeadroomBytes, '?');
  for (int i = 0; i < 2000; ++i) pings += std::string("\0\0\x08\x06\0\0\0\0\0", 9) + "12345678";
  CHECK_FALSE(
      flood.client.receive(MutableBytes(reinterpret_cast<uint8_t*>(pings.data()), pings.size()).subspan(kHeadroomBytes))
          .has_value());
}
