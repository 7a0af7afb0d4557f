#include "common/transport/connection.h"

#include <doctest/doctest.h>

#include <string>

#include "common/tls/tls_session.h"
#include "tests/unit/common/transport/connection_pair.h"

using namespace ingress;
using namespace ingress::test;

TEST_CASE("ready is told from the loop, once, before any data") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    CHECK(pair.server.ready == 0);
    CHECK(pair.client.ready == 0);
    pair.client.write("before ready");
    pair.server.then_ready = [&pair] { CHECK(pair.server.received.empty()); };
    pair.server.then_data = [&pair] {
      CHECK(pair.server.ready == 1);
      pair.loop.stop();
    };
    pair.loop.run();
    CHECK(pair.server.received == "before ready");
    CHECK(pair.server.ready == 1);
    CHECK(pair.client.ready == 1);
    CHECK(pair.client.connection->is_tls() == tls);
    if (tls) CHECK(pair.client.connection->tls()->alpn() == "http/1.1");
  }
}

TEST_CASE("ten megabytes go both ways under back-pressure, in small and in large writes") {
  for (const bool tls : {false, true}) {
    for (const size_t piece : {size_t{3000}, size_t{70'000}}) {
      CAPTURE(tls);
      CAPTURE(piece);
      Pair pair(tls);
      pair.run_until_ready();
      const std::string up = pattern(10'000'000);
      const std::string down = pattern(10'000'019);
      Producer uplink(pair.client, up, piece);
      Producer downlink(pair.server, down, piece);
      uplink.produce();
      downlink.produce();
      const auto check = [&pair] {
        if (pair.client.ended + pair.server.ended == 2) pair.loop.stop();
      };
      pair.client.then_end = pair.server.then_end = check;
      pair.loop.run();
      CHECK((pair.server.received == up));
      CHECK((pair.client.received == down));
      CHECK(uplink.most_waiting < Connection::kHighWaterBytes + 2 * piece + 100'000);
      CHECK(pair.client.drained > 0);
      CHECK(pair.client.connection->backlog_bytes() == 0);
    }
  }
}

TEST_CASE("small writes of one iteration leave in the order they were made, also around a large one") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string large = pattern(200'000);
    pair.client.write("one ");
    pair.client.call([](Connection& own) {
      std::memcpy(own.reserve(100), "two ", 4);
      own.commit(4);
    });
    CHECK(pair.client.connection->backlog_bytes() == 8);
    pair.client.write(large);
    pair.client.write(" three");
    pair.client.call([](Connection& own) { own.flush_now(); });
    pair.client.write(" four");
    pair.client.call([](Connection& own) { own.shutdown(); });
    pair.client.write("after shutdown");
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK((pair.server.received == "one two " + large + " three four"));
  }
}

TEST_CASE("over TLS the records that came together are handed out together") {
  Pair pair(true);
  pair.run_until_ready();
  for (int i = 0; i < 100; ++i) {
    pair.client.write("x");
    pair.client.call([](Connection& own) { own.flush_now(); });
  }
  pair.server.then_data = [&pair] {
    if (pair.server.received.size() == 100) pair.loop.stop();
  };
  pair.loop.run();
  CHECK(pair.server.received == std::string(100, 'x'));
  CHECK(pair.server.calls < 10);
}

TEST_CASE("what was written before a connection was ready leaves before it closes") {
  Pair pair(false);
  pair.server.write("goodbye");
  pair.server.connection->close_after_flush();
  pair.client.then_closed = [&pair] { pair.loop.stop(); };
  pair.client.then_end = [&pair] { pair.client.connection->close(); };
  pair.loop.run();
  CHECK(pair.client.received == "goodbye");
}

TEST_CASE("a paused reader gets nothing, and everything after it has resumed") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string text = pattern(3'000'000);
    pair.server.then_data = [&pair] {
      if (pair.server.calls == 1) pair.server.call([](Connection& own) { own.pause_read(); });
    };
    pair.server.limit = 5000;
    pair.client.write(text);
    pair.client.call([](Connection& own) { own.shutdown(); });
    pair.turn();
    CHECK(pair.server.calls == 1);
    CHECK_FALSE(pair.server.connection->reading());
    CHECK(pair.server.ended == 0);
    pair.server.then_data = nullptr;
    pair.server.call([](Connection& own) { own.resume_read(); });
    CHECK(pair.server.calls == 1);  // not from inside resume_read
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK((pair.server.received == text));
    CHECK(pair.server.largest <= 5000);
  }
}

TEST_CASE("a read limit of zero pauses, in the middle of what a TLS session holds too") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string text = pattern(100'000);
    pair.server.limit = 1000;
    pair.server.then_data = [&pair] { pair.server.limit = 0; };
    pair.client.write(text);
    pair.client.call([](Connection& own) { own.shutdown(); });
    for (size_t expected = 1000; expected <= 5000; expected += 1000) {
      pair.turn();
      CHECK(pair.server.received.size() == expected);
      CHECK_FALSE(pair.server.connection->reading());
      pair.server.limit = 1000;
      pair.server.call([](Connection& own) { own.resume_read(); });
    }
    pair.server.then_data = nullptr;
    pair.server.limit = 100'000;
    pair.server.call([](Connection& own) { own.resume_read(); });
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK((pair.server.received == text));
  }
}

TEST_CASE("a connection can be handed over in on_ready and in on_data, and buried in on_data") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    End second;
    second.loop = &pair.loop;
    pair.server.then_data = [&pair, &second] {
      second.connection = std::move(pair.server.connection);
      second.connection->set_handler(&second);
    };
    second.then_data = [&pair, &second] {
      second.connection->set_handler(nullptr);
      pair.loop.bury(std::move(second.connection));
    };
    pair.client.then_ready = [&pair] { pair.client.write("first"); };
    pair.turn();
    CHECK(pair.server.received == "first");
    REQUIRE(second.connection != nullptr);
    pair.client.write("second");
    pair.client.then_end = [&pair] { pair.loop.stop(); };
    pair.client.then_closed = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK(second.received == "second");
    CHECK(second.connection == nullptr);
    CHECK(pair.server.calls == 1);
  }
}

TEST_CASE("congestion begins above the high mark and its end is told at the low one, not inside a write") {
  Pair pair(false);
  pair.run_until_ready();
  pair.client.call([](Connection& own) { own.set_water_marks(1000, 10); });
  pair.client.write(std::string(900, 'x'));
  CHECK_FALSE(pair.client.connection->congested());
  pair.client.write(std::string(900, 'x'));
  CHECK(pair.client.connection->congested());
  pair.client.call([](Connection& own) { own.flush_now(); });
  CHECK(pair.client.drained == 0);
  pair.client.then_drained = [&pair] { pair.loop.stop(); };
  pair.loop.run();
  CHECK(pair.client.drained == 1);
  CHECK_FALSE(pair.client.connection->congested());
}

TEST_CASE("pieces of what was read are written back in order, among other writes, and count until they are written") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    std::string expected;
    bool counted = true;
    pair.server.then_bytes = [&](MutableBytes bytes) {
      Connection& own = *pair.server.connection;
      while (!bytes.empty()) {
        const MutableBytes piece = bytes.first(std::min<size_t>(bytes.size(), 9000));
        const size_t before = own.backlog_bytes();
        own.write_from_read(piece);
        const bool waits = !tls && piece.size() >= Connection::kWriteThroughBytes;
        counted &= !waits || own.backlog_bytes() == before + piece.size();
        expected += as_text(piece);
        if (piece[0] % 3 == 0) {
          own.write("small");
          expected += "small";
        }
        bytes = bytes.subspan(piece.size());
      }
    };
    const std::string up = pattern(3'000'000);
    Producer uplink(pair.client, up, 70'000);
    uplink.produce();
    pair.server.then_end = [&pair] { pair.server.call([](Connection& own) { own.shutdown(); }); };
    pair.client.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    CHECK((pair.server.received == up));
    CHECK((pair.client.received == expected));
    CHECK(counted);
    CHECK(pair.server.connection->backlog_bytes() == 0);
  }
}

TEST_CASE("a connection that closes in the callback of a read has written what it was given there") {
  Pair pair(false);
  pair.run_until_ready();
  const std::string question = pattern(20'000);
  std::string echoed;
  pair.server.then_bytes = [&](MutableBytes bytes) {
    if (echoed.empty()) pair.server.connection->write_from_read(bytes);
    echoed += as_text(bytes);
    pair.server.connection->close();
  };
  pair.client.then_closed = pair.client.then_end = [&pair] { pair.loop.stop(); };
  pair.client.write(question);
  pair.loop.run();
  CHECK((pair.client.received == echoed.substr(0, pair.client.received.size())));
  CHECK(pair.client.received.size() == echoed.size());
}
