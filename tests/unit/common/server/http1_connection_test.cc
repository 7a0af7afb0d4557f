#include <doctest/doctest.h>

#include <thread>

#include "tests/unit/common/server/loopback.h"

namespace ingress::server {
namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_CASE("a request is answered and the connection serves the next one") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) {
    exchange.answer(200, "hello", {{"Content-Length", "5"}});
  };
  const auto client = loopback.client();
  client->send(kGet);
  REQUIRE(loopback.run_until([&client] { return client->count("hello") == 1; }));
  client->send(kGet);
  REQUIRE(loopback.run_until([&client] { return client->count("hello") == 2; }));
  CHECK(client->received().starts_with("HTTP/1.1 200 Reason\r\nContent-Length: 5\r\n\r\nhello"));
  CHECK_FALSE(client->ended());
}

TEST_CASE("a request that comes byte by byte is the same request") {
  Loopback loopback;
  const auto client = loopback.client();
  REQUIRE(loopback.run_until([&client] { return client->connected(); }));
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: v\r\n\r\n";
  for (const char c : request) {
    client->send({&c, 1});
    loopback.run_until([] { return true; });
  }
  REQUIRE(loopback.run_until(
      [&loopback] { return !loopback.acceptor().exchanges.empty() && loopback.acceptor().exchanges[0]->ended; }));
  CHECK(loopback.acceptor().exchanges[0]->body == "hello");
  CHECK(loopback.acceptor().exchanges[0]->trailers == "T=v;");
}

TEST_CASE("pipelined requests are answered one after the other, in order") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  client->send("");
  auto& exchanges = loopback.acceptor().exchanges;
  for (size_t i = 0; i < 3; ++i) {
    REQUIRE(loopback.run_until([&exchanges, i] { return exchanges.size() == i + 1; }));
    exchanges[i]->answer(200, exchanges[i]->target, {{"Content-Length", "2"}});
  }
  REQUIRE(loopback.run_until([&client] { return client->count("HTTP/1.1 200") == 3; }));
  CHECK(client->received().find("/1HTTP") < client->received().find("/2HTTP"));
}

TEST_CASE("pipelined requests before a FIN are all answered") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) {
    exchange.answer(200, "ok", {{"Content-Length", "2"}});
  };
  const auto client = loopback.client();
  REQUIRE(loopback.run_until([&client] { return client->connected(); }));
  client->send(std::string(kGet) + std::string(kGet));
  client->finish();
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("HTTP/1.1 200") == 2);
}

TEST_CASE("an answer without a length is chunked for HTTP/1.1 and ends with the connection for HTTP/1.0") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) { exchange.answer(200, "hello"); };
  const auto modern = loopback.client();
  modern->send(kGet);
  REQUIRE(loopback.run_until([&modern] { return modern->count("0\r\n\r\n") == 1; }));
  CHECK(modern->received().ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  const auto old = loopback.client();
  old->send("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
  REQUIRE(loopback.run_until([&old] { return old->ended(); }));
  CHECK(old->received().ends_with("\r\nConnection: close\r\n\r\nhello"));
}

TEST_CASE("an HTTP/1.0 client that asks for it keeps its connection") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) {
    exchange.answer(200, "hello", {{"Content-Length", "5"}});
  };
  const auto client = loopback.client();
  client->send("GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
  REQUIRE(loopback.run_until([&client] { return client->count("hello") == 1; }));
  CHECK(client->count("Connection: keep-alive") == 1);
  client->send("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("hello") == 2);
}

TEST_CASE("HEAD, 204 and 304 carry no body") {
  Loopback loopback;
  int status = 204;
  loopback.acceptor().on_head = [&status](ScriptedAcceptor::Exchange& exchange) {
    exchange.answer(exchange.method == "HEAD" ? 200 : status, "",
                    exchange.method == "HEAD" ? http::Fields{{"Content-Length", "0"}} : http::Fields{});
  };
  const auto client = loopback.client();
  client->send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(loopback.run_until([&client] { return client->count("HTTP/1.1 200") == 1; }));
  for (const int code : {204, 304}) {
    status = code;
    client->send(kGet);
    REQUIRE(loopback.run_until([&client, code] { return client->count("HTTP/1.1 " + std::to_string(code)) == 1; }));
  }
  CHECK(client->count("chunked") == 0);
}

TEST_CASE("a malformed request is 400 and the connection is closed") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->received().starts_with("HTTP/1.1 400 "));
  CHECK(client->count("HTTP/1.1") == 1);
  CHECK(loopback.acceptor().exchanges.empty());
}

TEST_CASE("a malformed chunk after the head ends the exchange and is answered 400") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->received().starts_with("HTTP/1.1 400 "));
  CHECK(loopback.acceptor().exchanges.at(0)->aborted);
}

TEST_CASE("a client that leaves while its answer streams aborts the exchange") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  exchanges[0]->responder->send_head({200, "OK", 1, {}}, false);
  REQUIRE(loopback.run_until([&client] { return client->count("200 OK") == 1; }));
  client->leave();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
  CHECK(exchanges[0]->abort_error.side == Side::kClient);
}

TEST_CASE("a client that leaves in the middle of its body aborts the exchange") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhell");
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1 && exchanges[0]->body == "hell"; }));
  client->finish();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
}

TEST_CASE("a client that leaves in the middle of its trailers aborts the exchange") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nX-");
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1 && exchanges[0]->body == "hi"; }));
  client->finish();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
}

TEST_CASE("a client that resets while its body is not read aborts the exchange") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) { exchange.credit = 4; };
  const auto client = loopback.client();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + std::string(500, 'x'));
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1 && exchanges[0]->body == "xxxx"; }));
  client->break_off();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
}

TEST_CASE("a client that half-closes while its answer comes gets the rest, as long as it comes") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  exchanges[0]->responder->send_head({200, "OK", 1, {}}, false);
  REQUIRE(loopback.run_until([&client] { return client->count("200 OK") == 1; }));
  client->finish();
  const Time since = loopback.loop().now();
  const auto passed = [&loopback, since](int ms) { return loopback.loop().now() - since > Duration{ms}; };
  REQUIRE(loopback.run_until([&passed] { return passed(50); }));
  exchanges[0]->data("more", false);
  REQUIRE(loopback.run_until([&passed] { return passed(700); }));
  CHECK_FALSE(exchanges[0]->aborted);
  exchanges[0]->data("end", true);
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("end") == 1);
}

TEST_CASE("pipelined requests do not keep the exchange of a client that has left") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(std::string(kGet) + std::string(kGet));
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  const Time asked = loopback.loop().now();
  REQUIRE(loopback.run_until([&loopback, asked] { return loopback.loop().now() - asked > Duration{20}; }));
  client->finish();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
}

// A request and the FIN behind it, in one look of the loop.
std::unique_ptr<RawClient> half_closed_client(Loopback& loopback) {
  auto client = loopback.client();
  REQUIRE(loopback.run_until([&client] { return client->connected(); }));
  client->send(kGet);
  client->finish();
  REQUIRE(loopback.run_until([&loopback] { return loopback.acceptor().exchanges.size() == 1; }));
  return client;
}

TEST_CASE("a client that sends its request and half-closes gets its answer") {
  Loopback loopback;
  const auto client = half_closed_client(loopback);
  auto& exchanges = loopback.acceptor().exchanges;
  exchanges[0]->answer(200, "hello", {{"Content-Length", "5"}});
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("hello") == 1);
}

TEST_CASE("a FIN that came with the request is a half-close, however long the request took to be handled") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange&) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  };
  const auto client = half_closed_client(loopback);
  auto& exchanges = loopback.acceptor().exchanges;
  const Time asked = loopback.loop().now();
  REQUIRE(loopback.run_until([&] { return exchanges[0]->aborted || loopback.loop().now() - asked > Duration{900}; }));
  REQUIRE(!exchanges[0]->aborted);
  exchanges[0]->answer(200, "hello", {{"Content-Length", "5"}});
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("hello") == 1);
}

TEST_CASE("a client whose FIN comes long after its request is gone when no answer begins") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  const Time asked = loopback.loop().now();
  REQUIRE(loopback.run_until([&loopback, asked] { return loopback.loop().now() - asked > Duration{20}; }));
  client->finish();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
}

TEST_CASE("a body is read only as far as the handler allows") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) { exchange.credit = 4; };
  const auto client = loopback.client();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1 && exchanges[0]->body.size() == 4; }));
  loopback.run_until([] { return true; });
  CHECK(exchanges[0]->body == "0123");
  exchanges[0]->credit = 100;
  exchanges[0]->responder->resume_body();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->ended; }));
  CHECK(exchanges[0]->body == "0123456789");
}

TEST_CASE("an answer before the body is complete is given and the connection closed after it") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) {
    exchange.answer(413, "no", {{"Content-Length", "2"}});
  };
  const auto client = loopback.client();
  client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nxxxx");
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->received().ends_with("\r\n\r\nno"));
}

TEST_CASE("an error answer to a request whose body is not read says that the connection ends") {
  Loopback loopback;
  const Error error{ErrorCode::kMachineUnavailable, Side::kTunnel, false, 0, ""};
  loopback.acceptor().on_head = [&error](ScriptedAcceptor::Exchange& exchange) {
    send_answer(*exchange.responder, http::error_answer(error, {}, {}), error);
  };
  const auto client = loopback.client();
  client->send(kGet);
  REQUIRE(loopback.run_until([&client] { return client->count("HTTP/1.1 503") == 1; }));
  CHECK(client->count("Connection: close") == 0);
  client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("HTTP/1.1 503") == 2);
  CHECK(client->count("Connection: close") == 1);
}

TEST_CASE("a body longer than its Content-Length cuts the connection") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  exchanges[0]->responder->send_head({200, "OK", 1, {{"Content-Length", "2"}}}, false);
  exchanges[0]->data("longer", true);
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("longer") == 0);
}

constexpr std::string_view kTwoChunks =
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n";

TEST_CASE("an answer that ends with its Content-Length broken cuts the connection, and its handler is called no more") {
  for (const Breach& breach : breaches()) {
    Loopback loopback;
    const auto client = loopback.client();
    client->send(kTwoChunks);
    auto& exchanges = loopback.acceptor().exchanges;
    REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1 && exchanges[0]->body == "onetwo"; }));
    breach(*exchanges[0]);
    const int calls = exchanges[0]->calls;
    client->send("5\r\nthree\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(loopback.run_until([&client] { return client->ended(); }));
    REQUIRE(loopback.run_until([&loopback] { return loopback.server().connection_count() == 0; }));
    CHECK(exchanges[0]->calls == calls);
    CHECK(exchanges.size() == 1);
  }
}

TEST_CASE("a Content-Length that is broken from inside a call of the codec ends that exchange's calls, too") {
  for (const bool in_body : {false, true}) {
    for (const Breach& breach : breaches()) {
      Loopback loopback;
      int calls = -1;
      loopback.acceptor().on_head = [&](ScriptedAcceptor::Exchange& exchange) {
        const auto answer = [&breach, &calls, &exchange] {
          breach(exchange);
          calls = exchange.calls;
        };
        if (in_body) {
          exchange.on_bytes = answer;
        } else {
          answer();
        }
      };
      const auto client = loopback.client();
      client->send(std::string(kTwoChunks) + "0\r\nT: v\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
      REQUIRE(loopback.run_until([&client] { return client->ended(); }));
      REQUIRE(loopback.run_until([&loopback] { return loopback.server().connection_count() == 0; }));
      REQUIRE(loopback.acceptor().exchanges.size() == 1);
      CHECK(loopback.acceptor().exchanges[0]->calls == calls);
    }
  }
}

TEST_CASE("an answer that is too long before its end cuts the connection, and its handler is told") {
  for (const bool at_once : {false, true}) {
    Loopback loopback;
    const auto too_long = [](ScriptedAcceptor::Exchange& exchange) {
      begin_ten(exchange);
      exchange.data("hello world", false);
    };
    if (at_once) loopback.acceptor().on_head = too_long;
    const auto client = loopback.client();
    client->send(std::string(kTwoChunks) + "0\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    auto& exchanges = loopback.acceptor().exchanges;
    REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
    if (!at_once) too_long(*exchanges[0]);
    REQUIRE(loopback.run_until([&client] { return client->ended(); }));
    CHECK(exchanges[0]->aborted);
    CHECK(exchanges.size() == 1);
    CHECK(client->count("hello") == 0);
  }
}

TEST_CASE("a handler that aborts before it is known to the codec is never called") {
  for (const bool begun : {false, true}) {
    Loopback loopback;
    loopback.acceptor().on_head = [begun](ScriptedAcceptor::Exchange& exchange) {
      if (begun) begin_ten(exchange);
      exchange.responder->abort();
    };
    const auto client = loopback.client();
    client->send(std::string(kTwoChunks) + "0\r\n\r\n");
    REQUIRE(loopback.run_until([&client] { return client->ended(); }));
    CHECK(loopback.acceptor().exchanges.at(0)->calls == 0);
  }
}

TEST_CASE("a head with a malformed Content-Length is not sent") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  Responder& responder = *exchanges[0]->responder;
  CHECK_FALSE(responder.send_head({200, "OK", 1, {{"Content-Length", "+2"}}}, false));
  CHECK_FALSE(responder.send_head({200, "OK", 1, {{"Content-Length", "2"}, {"Content-Length", "2"}}}, false));
  CHECK(responder.send_head({502, "Bad Gateway", 1, {{"Content-Length", "0"}}}, true));
}

TEST_CASE("an upgraded connection carries bytes both ways and each half-close") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  exchanges[0]->ended = false;
  exchanges[0]->responder->send_head({101, "Switching Protocols", 1, {{"Upgrade", "echo"}}}, false);
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->body == "early"; }));
  exchanges[0]->data("bytes", false);
  REQUIRE(loopback.run_until([&client] { return client->count("bytes") == 1; }));
  CHECK(client->received().find("Connection: Upgrade\r\n") != std::string::npos);
  client->finish();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->ended; }));
  exchanges[0]->data("after", true);
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("after") == 1);
}

TEST_CASE("a client that half-closes before a 101 is told to have done so after it, whichever side ends first") {
  for (const bool origin_ends_at_once : {false, true}) {
    Loopback loopback;
    const auto client = loopback.client();
    REQUIRE(loopback.run_until([&client] { return client->connected(); }));
    client->send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    client->finish();
    auto& exchanges = loopback.acceptor().exchanges;
    REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
    const Time asked = loopback.loop().now();
    REQUIRE(loopback.run_until([&loopback, asked] { return loopback.loop().now() - asked > Duration{20}; }));
    exchanges[0]->ended = false;
    exchanges[0]->responder->send_head({101, "Switching Protocols", 1, {{"Upgrade", "x"}}}, origin_ends_at_once);
    REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->ended; }));
    if (!origin_ends_at_once) exchanges[0]->data("bye", true);
    REQUIRE(loopback.run_until([&client] { return client->ended(); }));
    CHECK(client->count("bye") == (origin_ends_at_once ? 0 : 1));
    CHECK_FALSE(exchanges[0]->aborted);
  }
}

TEST_CASE("1xx heads come before the answer, and never to an HTTP/1.0 client") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) {
    exchange.responder->send_head({103, "Early Hints", 1, {{"Link", "</a>"}}}, false);
    exchange.answer(200, "hello", {{"Content-Length", "5"}});
  };
  const auto modern = loopback.client();
  modern->send(kGet);
  REQUIRE(loopback.run_until([&modern] { return modern->count("hello") == 1; }));
  CHECK(modern->received().starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200"));
  const auto old = loopback.client();
  old->send("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
  REQUIRE(loopback.run_until([&old] { return old->ended(); }));
  CHECK(old->received().starts_with("HTTP/1.1 200"));
}

TEST_CASE("a head that does not come in time is 408") {
  ConnectionOptions options;
  options.head_timeout = Duration{50};
  Loopback loopback(options);
  const auto client = loopback.client();
  client->send("GET / HTTP/1.1\r\nHos");
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->received().starts_with("HTTP/1.1 408 "));
}

// An answer that no buffers of kernels hold, for a client that does not read by itself.
void answer_at_length(ScriptedAcceptor::Exchange& exchange, RawClient& client) {
  client.stop_reading();
  REQUIRE(exchange.responder->send_head({200, "OK", 1, {{"Content-Length", "100000000"}}}, false));
  exchange.data(std::string(size_t{48} << 20, 'x'), false);
}

TEST_CASE("a client that reads slowly is not silent, and one that reads no more is") {
  ConnectionOptions options;
  options.exchange_timeout = Duration{1000};
  Loopback loopback(options);
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  answer_at_length(*exchanges[0], *client);
  int pieces = 0;
  uv::Timer reading(loopback.loop(), [&client, &pieces] {
    client->read_once();
    ++pieces;
  });
  reading.start(Duration{50}, Duration{50});
  REQUIRE(loopback.run_until([&pieces] { return pieces == 60; }));
  CHECK_FALSE(exchanges[0]->aborted);
  CHECK(exchanges[0]->responder->congested());
  reading.stop();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
  CHECK(exchanges[0]->abort_error.side == Side::kClient);
}

TEST_CASE("whoever is waited for is who is silent: an upload that is not read on is not its client's") {
  for (const size_t credit : {size_t{0}, size_t{100}}) {
    ConnectionOptions options;
    options.exchange_timeout = Duration{200};
    Loopback loopback(options);
    loopback.acceptor().on_head = [credit](ScriptedAcceptor::Exchange& exchange) { exchange.credit = credit; };
    const auto client = loopback.client();
    client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nsome");
    auto& exchanges = loopback.acceptor().exchanges;
    REQUIRE(loopback.run_until([&exchanges] { return !exchanges.empty() && exchanges[0]->aborted; }));
    CHECK(exchanges[0]->abort_error.side == (credit == 0 ? Side::kOrigin : Side::kClient));
  }
}

TEST_CASE("an exchange that its handler holds up is not silent until the handler goes on") {
  ConnectionOptions options;
  options.exchange_timeout = Duration{200};
  Loopback loopback(options);
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) { exchange.holding = true; };
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  int ticks = 0;
  uv::Timer clock(loopback.loop(), [&ticks] { ++ticks; });
  clock.start(Duration{100}, Duration{100});
  REQUIRE(loopback.run_until([&ticks] { return ticks == 12; }));
  REQUIRE(exchanges.size() == 1);
  CHECK_FALSE(exchanges[0]->aborted);
  exchanges[0]->holding = false;
  exchanges[0]->responder->resume_body();
  REQUIRE(loopback.run_until([&exchanges] { return exchanges[0]->aborted; }));
  CHECK(exchanges[0]->abort_error.side == Side::kOrigin);
}

TEST_CASE("draining that begins behind an answer's head lets the client's next request be answered") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  exchanges[0]->responder->send_head({200, "OK", 1, {{"Content-Length", "5"}}}, false);
  bool drained = false;
  loopback.server().drain([&drained] { drained = true; });
  exchanges[0]->data("hello", true);
  client->send(kGet);
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 2; }));
  exchanges[1]->answer(200, "again", {{"Content-Length", "5"}});
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("Connection: close") == 1);
  CHECK(client->received().ends_with("again"));
  REQUIRE(loopback.run_until([&drained] { return drained; }));
}

TEST_CASE("draining lets a running exchange end and closes its connection") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(kGet);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  bool drained = false;
  loopback.server().drain([&drained] { drained = true; });
  exchanges[0]->answer(200, "hello", {{"Content-Length", "5"}});
  REQUIRE(loopback.run_until([&drained] { return drained; }));
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("Connection: close") == 1);
}

}  // namespace
}  // namespace ingress::server
