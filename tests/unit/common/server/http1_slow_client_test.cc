// Clients that do not take their answers, and requests that come behind them.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/common/server/loopback.h"

namespace ingress::server {
namespace {

constexpr std::string_view kAsked = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
// More than the buffers of kernels hold.
constexpr size_t kLongBytes = size_t{48} << 20;

// Its answer has been given whole, and most of it waits for the client.
void answer_whole(Loopback& loopback, RawClient& client) {
  client.send(kAsked);
  auto& exchanges = loopback.acceptor().exchanges;
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 1; }));
  client.stop_reading();
  exchanges[0]->answer(200, std::string(kLongBytes, 'x'), {{"Content-Length", std::to_string(kLongBytes)}});
}

TEST_CASE("no pipelined request is begun while the client does not take what was answered before") {
  constexpr size_t kRequests = 2000;
  constexpr size_t kBytes = 16384;
  Loopback loopback;
  auto& exchanges = loopback.acceptor().exchanges;
  int begun_too_early = 0;
  loopback.acceptor().on_head = [&begun_too_early](ScriptedAcceptor::Exchange& exchange) {
    if (exchange.responder->congested()) ++begun_too_early;
    exchange.answer(200, std::string(kBytes, 'x'), {{"Content-Length", std::to_string(kBytes)}});
  };
  const auto client = loopback.client();
  REQUIRE(loopback.run_until([&client] { return client->connected(); }));
  client->stop_reading();
  std::string requests;
  for (size_t i = 0; i < kRequests; ++i) requests += kAsked;
  client->send(requests);
  REQUIRE(loopback.run_until([&exchanges] { return !exchanges.empty() && exchanges.back()->responder->congested(); }));
  CHECK(exchanges.size() < kRequests);
  client->read_on();
  REQUIRE(loopback.run_until([&client] { return client->received().size() > kRequests * kBytes; }));
  CHECK(exchanges.size() == kRequests);
  CHECK(begun_too_early == 0);
}

TEST_CASE("a client that still gets its answer is not offered to give way") {
  Loopback loopback;
  const auto client = loopback.client();
  answer_whole(loopback, *client);
  CHECK(loopback.server().longest_waiting().first == nullptr);
  client->read_on();
  REQUIRE(loopback.run_until([&loopback] { return loopback.server().longest_waiting().first != nullptr; }));
  CHECK(client->count("HTTP/1.1 200") == 1);
}

TEST_CASE("draining does not wait for a client that takes no more of its answer") {
  ConnectionOptions options;
  options.keep_alive_timeout = Duration{1000};
  Loopback loopback(options);
  const auto client = loopback.client();
  answer_whole(loopback, *client);
  bool drained = false;
  loopback.server().drain([&drained] { drained = true; });
  CHECK(loopback.run_until([&drained] { return drained; }));
}

TEST_CASE("a pipelined request is answered, also where the FIN behind it meets the end of the answer before") {
  Loopback loopback;
  const auto client = loopback.client();
  client->send(std::string(kAsked) + std::string(kAsked));
  auto& exchanges = loopback.acceptor().exchanges;
  bool met = false;
  REQUIRE(loopback.run_until([&exchanges, &met, &client, &loopback] {
    if (exchanges.empty() || met) return met;
    met = true;
    client->finish();
    loopback.loop().defer([&exchanges] { exchanges[0]->answer(200, "one", {{"Content-Length", "3"}}); });
    return met;
  }));
  REQUIRE(loopback.run_until([&exchanges] { return exchanges.size() == 2; }));
  exchanges[1]->answer(200, "two", {{"Content-Length", "3"}});
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->received().ends_with("two"));
}

TEST_CASE("a client that half-closed behind its requests sees the end, also where the last answer had to wait") {
  Loopback loopback;
  loopback.acceptor().on_head = [](ScriptedAcceptor::Exchange& exchange) {
    exchange.answer(200, std::string(5000, 'x'), {{"Content-Length", "5000"}});
  };
  const auto client = loopback.client();
  REQUIRE(loopback.run_until([&client] { return client->connected(); }));
  std::string requests;
  for (int i = 0; i < 4; ++i) requests += kAsked;
  client->send(requests);
  client->finish();
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->count("HTTP/1.1 200") == 4);
}

TEST_CASE("a request that is malformed in a second piece ends the connection alone") {
  Loopback loopback;
  const auto client = loopback.client();
  REQUIRE(loopback.run_until([&client] { return client->connected(); }));
  client->send("GET /a HTTP/1.1\r\nHos");
  REQUIRE(loopback.run_until([&loopback] { return loopback.server().longest_waiting().first != nullptr; }));
  client->send("t : h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(loopback.run_until([&client] { return client->ended(); }));
  CHECK(client->received().starts_with("HTTP/1.1 400 "));
  CHECK(loopback.acceptor().exchanges.empty());
}

}  // namespace
}  // namespace ingress::server
