#include <doctest/doctest.h>

#include <array>

#include "common/server/http2_server.h"
#include "tests/unit/common/http/http2_peer.h"
#include "tests/unit/common/server/loopback.h"

namespace ingress::server {
namespace {

using http::test::Http2Peer;
using http::test::Rows;

// A client by prior knowledge, on a server of HTTP/1.1 that hands it over.
struct Served {
  ConnectionOptions options;
  Loopback loopback;
  Http2Server server;
  std::unique_ptr<RawClient> client;
  Http2Peer peer;
  size_t taken = 0;

  explicit Served(const ConnectionOptions& with = {}, int64_t window = -1)
      : options(with), loopback(with), server(loopback.loop(), loopback.acceptor(), with) {
    loopback.server().set_on_http2([this](std::unique_ptr<transport::Connection> connection, MutableBytes begun) {
      server.serve(std::move(connection), begun);
    });
    client = loopback.client();
    peer.hello(window);
  }
  ~Served() {
    server.close_all();
    CHECK(loopback.run_until([this] { return server.connection_count() == 0; }));
  }
  bool until(const std::function<bool()>& condition) {
    return loopback.run_until([this, &condition] {
      const std::string& seen = client->received();
      if (seen.size() > taken) peer.receive(as_bytes(std::string_view(seen).substr(taken)));
      taken = seen.size();
      const std::string out = peer.output();
      if (!out.empty()) client->send(out);
      return condition();
    });
  }
  ScriptedAcceptor::Exchange& exchange(size_t number = 0) {
    REQUIRE(until([this, number] { return loopback.acceptor().exchanges.size() > number; }));
    return *loopback.acceptor().exchanges[number];
  }
};

// A GET whose client has all windows open and reads nothing, answered by that much of a body.
ScriptedAcceptor::Exchange& answer_unread(Served& served, size_t bytes) {
  nghttp2_session_set_local_window_size(served.peer.raw(), NGHTTP2_FLAG_NONE, 0, 1 << 30);
  ScriptedAcceptor::Exchange& exchange = served.exchange();
  served.client->stop_reading();
  http::ResponseHead head;
  head.status = 200;
  REQUIRE(exchange.responder->send_head(head, false));
  exchange.data(std::string(bytes, 'x'), false);
  return exchange;
}

TEST_CASE("a client by prior knowledge is handed over, also where its preface comes byte by byte") {
  Served served;
  served.peer.get("/a");
  REQUIRE(served.loopback.run_until([&served] { return served.client->connected(); }));
  for (const char c : served.peer.output()) {
    served.client->send({&c, 1});
    served.loopback.run_until([] { return true; });
  }
  CHECK(served.exchange().target == "/a");
  served.exchange().answer(200, "hello", {{"Content-Length", "5"}});
  REQUIRE(served.until([&served] { return served.peer.streams[1].ended; }));
  CHECK(served.peer.streams[1].body == "hello");
  CHECK(served.loopback.server().connection_count() == 0);
}

TEST_CASE("a handler that takes a body by and by gets all of it, in order, and its trailers last") {
  Served served;
  const int32_t id = served.peer.post("/");
  served.loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) { exchange.credit = 0; };
  ScriptedAcceptor::Exchange& exchange = served.exchange();
  std::string body;
  for (int i = 0; i < 50000; ++i) body.append(std::to_string(i));
  served.peer.send(id, body, false, true);
  bool trailers_sent = false;
  REQUIRE(served.until([&] {
    if (exchange.credit == 0) {
      exchange.credit = 5000;
      exchange.responder->resume_body();
    }
    if (!trailers_sent && exchange.body.size() + 60000 > body.size()) {
      trailers_sent = true;
      served.peer.trailers(id, {{"x-sum", "1"}});
    }
    return exchange.ended;
  }));
  CHECK(exchange.body == body);
  CHECK(exchange.trailers == "x-sum=1;");
}

TEST_CASE("an answer that ends with its Content-Length broken is reset, and its handler called no more") {
  for (const std::string_view body : {"shor", "longer"}) {
    Served served;
    const int32_t id = served.peer.get("/");
    ScriptedAcceptor::Exchange& exchange = served.exchange();
    exchange.answer(200, body, {{"Content-Length", "5"}});
    const int calls = exchange.calls;
    REQUIRE(served.until([&served, id] { return served.peer.streams[id].closed; }));
    CHECK(served.peer.streams[id].code != NGHTTP2_NO_ERROR);
    CHECK_FALSE(served.peer.streams[id].ended);
    CHECK(exchange.calls == calls);
  }
}

// What a client may send on a stream that is about to be reset.
using Next = void (*)(Http2Peer&, int32_t);
constexpr std::array<Next, 4> kNext = {
    [](Http2Peer& peer, int32_t id) { peer.send(id, "three", false); },
    [](Http2Peer& peer, int32_t id) { peer.send(id, "three", true); },
    [](Http2Peer& peer, int32_t id) {
      peer.send(id, "three", false, true);
      peer.trailers(id, {{"x-sum", "1"}});
    },
    [](Http2Peer& peer, int32_t id) { peer.reset(id); },
};

TEST_CASE("behind a broken Content-Length nothing that comes on the stream is told, while its reset waits") {
  for (const Next next : kNext) {
    for (const Breach& breach : breaches()) {
      Served served({}, 0);  // no byte of an answer can go out
      const int32_t id = served.peer.post("/");
      ScriptedAcceptor::Exchange& exchange = served.exchange();
      served.peer.send(id, "one", false);
      REQUIRE(served.until([&exchange] { return exchange.body == "one"; }));
      breach(exchange);
      const int calls = exchange.calls;
      next(served.peer, id);
      served.peer.get("/next");
      CHECK(served.exchange(1).target == "/next");
      nghttp2_submit_window_update(served.peer.raw(), NGHTTP2_FLAG_NONE, id, 100);
      REQUIRE(served.until([&served, id] { return served.peer.streams[id].closed; }));
      CHECK(served.peer.streams[id].code != NGHTTP2_NO_ERROR);
      CHECK_FALSE(served.peer.streams[id].ended);
      CHECK(exchange.calls == calls);
    }
  }
}

TEST_CASE("an exchange that is over when the codec learns of its handler never calls it") {
  std::vector<Breach> ways = breaches();
  ways.emplace_back([](ScriptedAcceptor::Exchange& exchange) { exchange.responder->abort(); });
  ways.emplace_back([](ScriptedAcceptor::Exchange& exchange) { exchange.responder->reset(NGHTTP2_CANCEL); });
  for (const Breach& way : ways) {
    Served served;
    served.loopback.acceptor().on_head = way;
    const int32_t id = served.peer.post("/");
    served.peer.send(id, "one", true);
    ScriptedAcceptor::Exchange& exchange = served.exchange();
    REQUIRE(served.until([&served, id] { return served.peer.streams[id].closed; }));
    CHECK(served.peer.streams[id].code != NGHTTP2_NO_ERROR);
    CHECK(exchange.calls == 0);
  }
}

TEST_CASE("an answer that is too long before its end is reset at once, and its handler told") {
  for (const bool at_once : {false, true}) {
    Served served;
    const auto too_long = [](ScriptedAcceptor::Exchange& exchange) {
      begin_ten(exchange);
      exchange.data("hello world", false);
    };
    if (at_once) served.loopback.acceptor().on_head = too_long;
    const int32_t id = served.peer.post("/");
    ScriptedAcceptor::Exchange& exchange = served.exchange();
    if (!at_once) too_long(exchange);
    REQUIRE(served.until([&served, id] { return served.peer.streams[id].closed; }));
    CHECK(exchange.aborted);
    CHECK(served.peer.streams[id].body.empty());
  }
}

TEST_CASE("a request that is answered before its end is passed over, so that its client reads the answer") {
  for (const bool ends : {true, false}) {
    Served served;
    const int32_t id = served.peer.post("/");
    ScriptedAcceptor::Exchange& exchange = served.exchange();
    exchange.answer(401, "no", {{"Content-Length", "2"}});
    // More than a window of it, twice.
    served.peer.send(id, std::string(200'000, 'x'), ends);
    REQUIRE(served.until([&served, id] { return served.peer.streams[id].ended; }));
    CHECK(served.peer.streams[id].body == "no");
    // One that ends closes by itself; of one that does not no more than so much is passed over.
    if (!ends) served.peer.send(id, std::string(2'000'000, 'y'), false);
    REQUIRE(served.until([&served, id] { return served.peer.streams[id].closed; }));
    CHECK(served.peer.streams[id].code == NGHTTP2_NO_ERROR);
    CHECK(exchange.body.empty());
  }
}

TEST_CASE("a handler that aborts is called no more, and its client sees a reset") {
  Served served;
  const int32_t id = served.peer.post("/");
  ScriptedAcceptor::Exchange& exchange = served.exchange();
  exchange.responder->abort();
  served.peer.send(id, "more", true);
  REQUIRE(served.until([&served, id] { return served.peer.streams[id].closed; }));
  CHECK(exchange.body.empty());
  CHECK_FALSE(exchange.aborted);
}

TEST_CASE("a client that leaves aborts all of its exchanges") {
  Served served;
  for (int i = 0; i < 3; ++i) served.peer.get("/");
  served.exchange(2);
  served.client->leave();
  REQUIRE(served.loopback.run_until([&served] { return served.server.connection_count() == 0; }));
  for (const auto& exchange : served.loopback.acceptor().exchanges) CHECK(exchange->aborted);
}

TEST_CASE("an exchange without a byte for too long is aborted and its stream reset; others go on") {
  ConnectionOptions options;
  options.exchange_timeout = Duration{200};
  Served served(options);
  const int32_t id = served.peer.get("/silent");
  ScriptedAcceptor::Exchange& exchange = served.exchange();
  REQUIRE(served.until([&served, id] { return served.peer.streams[id].closed; }));
  CHECK(exchange.aborted);
  CHECK(exchange.abort_error.code == ErrorCode::kTimeout);
  served.peer.get("/next");
  CHECK(served.exchange(1).target == "/next");
}

TEST_CASE("a client that takes no byte of its connection is cut with its exchange") {
  ConnectionOptions options;
  options.exchange_timeout = Duration{300};
  Served served(options, 1 << 30);
  served.peer.get("/");
  ScriptedAcceptor::Exchange& exchange = answer_unread(served, size_t{24} << 20);
  REQUIRE(served.loopback.run_until([&exchange] { return exchange.aborted; }));
  CHECK(served.loopback.run_until([&served] { return served.server.connection_count() == 0; }));
}

TEST_CASE("a client that takes its stream slowly is not silent, and one that takes no more is") {
  ConnectionOptions options;
  options.exchange_timeout = Duration{1000};
  Served served(options, 1 << 30);
  const int32_t id = served.peer.get("/");
  ScriptedAcceptor::Exchange& exchange = answer_unread(served, size_t{48} << 20);
  int pieces = 0;
  uv::Timer reading(served.loopback.loop(), [&served, &pieces] {
    served.client->read_once();
    ++pieces;
  });
  reading.start(Duration{50}, Duration{50});
  REQUIRE(served.until([&pieces] { return pieces == 60; }));
  CHECK_FALSE(exchange.aborted);
  CHECK_FALSE(served.peer.streams[id].closed);
  reading.stop();
  REQUIRE(served.loopback.run_until([&exchange] { return exchange.aborted; }));
  CHECK(exchange.abort_error.side == Side::kClient);
}

TEST_CASE("a stream's body that is not read on is not its client's silence") {
  ConnectionOptions options;
  options.exchange_timeout = Duration{200};
  Served served(options);
  const int32_t id = served.peer.post("/");
  served.loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) { exchange.credit = 0; };
  ScriptedAcceptor::Exchange& exchange = served.exchange();
  served.peer.send(id, "some", false);
  REQUIRE(served.until([&exchange] { return exchange.aborted; }));
  CHECK(exchange.abort_error.side == Side::kOrigin);
}

TEST_CASE("an idle connection is told to go, and closed") {
  ConnectionOptions options;
  options.keep_alive_timeout = Duration{200};
  Served served(options);
  served.peer.get("/");
  served.exchange().answer(204, "");
  REQUIRE(served.until([&served] { return served.client->ended(); }));
  // The warning, then the number of the last stream. (The peer reads no more after the first.)
  constexpr std::string_view kLastGoaway("\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0", 17);
  CHECK(served.peer.goaways.front().first == 0x7fffffff);
  CHECK(served.client->received().ends_with(kLastGoaway));
}

TEST_CASE("draining waits for the exchange that runs") {
  Served served;
  const int32_t id = served.peer.get("/");
  ScriptedAcceptor::Exchange& exchange = served.exchange();
  bool drained = false;
  served.server.drain([&drained] { drained = true; });
  REQUIRE(served.until([&served] { return served.peer.goaways.size() == 2; }));
  CHECK_FALSE(drained);
  exchange.answer(200, "last");
  REQUIRE(served.until([&served, id] { return served.peer.streams[id].ended; }));
  CHECK(served.peer.streams[id].body == "last");
  served.client->finish();
  CHECK(served.until([&drained] { return drained; }));
}

TEST_CASE("a producer is told that the client's window has taken what waited") {
  Served served;
  const int32_t id = served.peer.get("/");
  ScriptedAcceptor::Exchange& exchange = served.exchange();
  http::ResponseHead head;
  head.status = 200;
  REQUIRE(exchange.responder->send_head(head, false));
  exchange.data(std::string(100000, 'x'), false);
  CHECK(exchange.responder->congested());
  REQUIRE(served.until([&served, id] { return served.peer.streams[id].body.size() == 65535; }));
  CHECK(exchange.responder->congested());
  CHECK(exchange.drained == 0);
  served.peer.consume(id, 65535);
  REQUIRE(served.until([&exchange] { return exchange.drained == 1; }));
  CHECK_FALSE(exchange.responder->congested());
}

TEST_CASE("what is no request is answered on its stream, as on_unreadable says") {
  Served served;
  const int32_t id = served.peer.get("/", "a:b:c");
  REQUIRE(served.until([&served, id] { return served.peer.streams[id].ended; }));
  CHECK(served.peer.streams[id].status() == "400");
  CHECK(served.peer.streams[id].body.find("invalid_host") != std::string::npos);
  CHECK(served.loopback.acceptor().exchanges.empty());
}

}  // namespace
}  // namespace ingress::server
