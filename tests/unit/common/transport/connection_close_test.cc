#include <doctest/doctest.h>

#include <string>

#include "common/transport/buffer_pool.h"
#include "common/transport/connection.h"
#include "tests/unit/common/transport/connection_pair.h"

using namespace ingress;
using namespace ingress::test;

TEST_CASE("after a half-close the other direction goes on") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.write("question");
    pair.client.call([](Connection& own) { own.shutdown(); });
    pair.server.then_end = [&pair] {
      pair.server.write("answer");
      pair.server.call([](Connection& own) { own.close_after_flush(); });
    };
    pair.client.then_end = [&pair] { pair.client.call([](Connection& own) { own.close(); }); };
    pair.loop.run();  // ends: both are closed
    CHECK(pair.server.received == "question");
    CHECK(pair.client.received == "answer");
    CHECK(pair.client.ended == 1);
    REQUIRE(pair.client.closed);
    CHECK(pair.client.closed->code == ErrorCode::kClosed);
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kClosed);
    CHECK(pair.server.closed->side == Side::kClient);
  }
}

TEST_CASE("close tells the owner later, once, and the peer that it is the end") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.call([](Connection& own) {
      own.close();
      own.close();
      own.abort();
      own.write("dropped");
      own.close_after_flush();
      own.resume_read();
    });
    CHECK_FALSE(pair.client.closed);
    CHECK(pair.client.connection->peer().port != 0);  // still known for the log
    pair.server.then_end = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    REQUIRE(pair.client.closed);
    CHECK(pair.client.closed->code == ErrorCode::kClosed);
    CHECK(pair.server.ended == 1);
    CHECK(pair.server.received.empty());
  }
}

TEST_CASE("abort resets: the peer sees a failure and no end") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.call([](Connection& own) { own.abort(); });
    pair.loop.run();
    REQUIRE(pair.client.closed);
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kReset);
    CHECK(pair.server.closed->side == Side::kClient);
    CHECK(pair.server.ended == 0);
  }
}

TEST_CASE("a reset is seen while reading is paused") {
  Pair pair(false);
  pair.run_until_ready();
  pair.server.call([](Connection& own) { own.pause_read(); });
  CHECK_FALSE(pair.server.connection->peer_is_gone());
  pair.client.call([](Connection& own) { own.abort(); });
  pair.turn();
  CHECK(pair.server.connection->peer_is_gone());
}

TEST_CASE("a lingering close delivers the whole answer to a peer that is still sending") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    const std::string answer = pattern(2'000'000);
    Producer upload(pair.client, pattern(20'000'000), 100'000);
    pair.server.then_data = [&pair, &answer] {
      pair.server.then_data = nullptr;
      pair.server.write(answer);
      pair.server.call([](Connection& own) { own.close_after_flush(); });
    };
    pair.client.then_end = [&pair] { pair.client.call([](Connection& own) { own.close(); }); };
    upload.produce();
    pair.loop.run();
    CHECK((pair.client.received == answer));
    CHECK(pair.client.ended == 1);
    CHECK(pair.server.calls == 1);
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kClosed);
  }
}

TEST_CASE("a lingering close ends by itself where the peer neither reads nor closes") {
  for (const size_t waiting : {size_t{0}, size_t{30'000'000}}) {
    CAPTURE(waiting);
    Pair pair(false);
    pair.run_until_ready();
    pair.client.call([](Connection& own) { own.pause_read(); });
    pair.server.write(std::string(waiting, 'x'));
    pair.server.call([](Connection& own) { own.close_after_flush(Duration{1}); });
    pair.server.then_closed = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    REQUIRE(pair.server.closed);
    CHECK(pair.server.closed->code == ErrorCode::kClosed);
    pair.client.call([](Connection& own) { own.resume_read(); });
    pair.client.then_end = [&pair] { pair.loop.stop(); };
    pair.client.then_closed = [&pair] { pair.loop.stop(); };
    pair.loop.run();
    // A cut answer is reset, a complete one ends.
    CHECK(pair.client.ended == (waiting == 0 ? 1 : 0));
    CHECK(pair.client.closed.has_value() == (waiting != 0));
  }
}

TEST_CASE("a failed handshake ends both sides, with an alert for the peer") {
  Pair pair(true, "evil.example");
  pair.loop.run();
  REQUIRE(pair.client.closed);
  CHECK(pair.client.closed->code == ErrorCode::kTlsFailed);
  CHECK(pair.client.closed->side == Side::kTunnel);
  CHECK(std::string(pair.client.closed->context) == "hostname mismatch");
  REQUIRE(pair.server.closed);
  CHECK(pair.server.closed->code == ErrorCode::kTlsFailed);
  CHECK(std::string(pair.server.closed->context).find("bad certificate") != std::string::npos);
  CHECK(pair.client.ready + pair.server.ready == 0);
}

TEST_CASE("a write after the peer is gone ends in on_closed, later") {
  for (const bool tls : {false, true}) {
    CAPTURE(tls);
    Pair pair(tls);
    pair.run_until_ready();
    pair.client.call([](Connection& own) { own.pause_read(); });
    pair.server.call([](Connection& own) { own.abort(); });
    pair.turn();
    CHECK_FALSE(pair.client.closed);
    pair.client.write(std::string(100'000, 'x'));
    pair.client.write(std::string(100'000, 'x'));
    pair.loop.run();
    REQUIRE(pair.client.closed);
    CHECK(pair.client.closed->code == ErrorCode::kReset);
  }
}

TEST_CASE("a handshake that takes too long ends in a time-out") {
  Pair pair(true);
  pair.client.connection->set_handler(nullptr);
  pair.client.connection.reset();
  // The accepted end hears nothing but the end of its peer; until it does, time passes.
  pair.loop.deadlines().advance(pair.loop.now() + Connection::kHandshakeTimeout - Duration(1));
  CHECK_FALSE(pair.server.closed);
  pair.loop.deadlines().advance(pair.loop.now() + Connection::kHandshakeTimeout + 2 * DeadlineWheel::kTick);
  CHECK_FALSE(pair.server.closed);  // told at the end of the iteration
  pair.loop.run();
  REQUIRE(pair.server.closed);
  CHECK(pair.server.closed->code == ErrorCode::kTimeout);
  CHECK(pair.server.closed->side == Side::kClient);
}

TEST_CASE("a lingering close ends where the peer goes on sending for ever") {
  Pair pair(false);
  pair.run_until_ready();
  pair.server.call([](Connection& own) { own.close_after_flush(Duration{1000}); });
  const std::string more(1000, 'x');
  Time now = pair.loop.now();
  int rounds = 0;
  while (!pair.server.closed && rounds < 100) {
    ++rounds;
    pair.client.write(more);
    pair.turn();
    now += Duration{500};
    pair.loop.deadlines().advance(now);
    pair.turn(1);
  }
  REQUIRE(pair.server.closed);
  CHECK(pair.server.calls == 0);
  CHECK(rounds > 1);
}

TEST_CASE("TLS connections that come and go leave the pool of buffers as it is") {
  size_t pooled = 0;
  for (int i = 0; i < 6; ++i) {
    {
      Pair pair(true);
      pair.run_until_ready();
      pair.client.call([](Connection& own) { own.close(); });
      pair.server.then_end = [&pair] { pair.server.call([](Connection& own) { own.close(); }); };
      pair.server.then_closed = [&pair] { pair.loop.stop(); };
      pair.loop.run();
    }
    if (i == 1) pooled = transport::pooled_buffers();
  }
  CHECK(transport::pooled_buffers() == pooled);
}
