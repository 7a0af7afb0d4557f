#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/unit/common/transport/connection_pair.h"

using namespace ingress;
using namespace ingress::test;
using ingress::transport::Connection;
using ingress::transport::Detached;

TEST_CASE("a connection that is detached goes on at another loop, with what had come for it") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.server.limit = 5;
    pair.server.then_data = [&pair] { pair.server.connection->pause_read(); };
    const std::string sent = pattern(50000);
    pair.client.write(sent);
    pair.turn();
    REQUIRE(pair.server.received.size() == 5);

    std::optional<Detached> detached = pair.server.connection->detach();
    REQUIRE(detached);
    CHECK((detached->tls != nullptr) == tls);
    pair.server.connection.reset();
    uv::Loop other;
    Result<std::unique_ptr<uv::Socket>> socket = uv::Socket::adopt(other, std::move(detached->fd));
    REQUIRE(socket);
    End moved;
    moved.loop = &other;
    moved.connection = std::make_unique<Connection>(other, std::move(*socket), std::move(detached->tls), Side::kClient);
    moved.connection->set_handler(&moved);
    moved.call([](Connection& own) { own.start(); });
    moved.write("answer");
    moved.then_data = [&moved, &other, &sent] {
      if (moved.received.size() + 5 == sent.size()) other.stop();
    };
    other.run();
    CHECK(moved.ready == 1);
    CHECK(pair.server.received + moved.received == sent);
    pair.turn();
    CHECK(pair.client.received == "answer");
    CHECK_FALSE(pair.server.closed);
    moved.connection.reset();
  }
}

TEST_CASE("an end that had come is told where the connection went") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.server.call([](Connection& own) { own.pause_read(); });
    pair.client.write("last");
    pair.client.call([](Connection& own) { own.shutdown(); });
    pair.turn();
    std::optional<Detached> detached = pair.server.connection->detach();
    REQUIRE(detached);
    pair.server.connection.reset();
    uv::Loop other;
    End moved;
    moved.loop = &other;
    moved.connection = std::make_unique<Connection>(
        other, std::move(*uv::Socket::adopt(other, std::move(detached->fd))), std::move(detached->tls), Side::kClient);
    moved.connection->set_handler(&moved);
    moved.then_end = [&other] { other.stop(); };
    moved.call([](Connection& own) { own.start(); });
    other.run();
    CHECK(moved.received == "last");
    CHECK(moved.ended == 1);
    CHECK(pair.server.ended == 0);
    moved.connection.reset();
  }
}

TEST_CASE("a connection that reads, or whose output is stuck, or that has closed, is not detached") {
  Pair pair(false);
  pair.run_until_ready();
  CHECK_FALSE(pair.server.connection->detach());
  pair.client.call([](Connection& own) { own.pause_read(); });
  pair.server.call([](Connection& own) { own.pause_read(); });
  pair.server.write(std::string(size_t{32} << 20, 'x'));
  CHECK_FALSE(pair.server.connection->detach());
  pair.server.call([](Connection& own) { own.close(); });
  CHECK_FALSE(pair.server.connection->detach());
  pair.turn();
  CHECK(pair.server.closed);
}
