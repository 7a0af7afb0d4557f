// How answers are read and handed on.
#include <doctest/doctest.h>

#include <algorithm>

#include "common/uv/timer.h"
#include "tests/unit/common/origin/fake_origin.h"

using namespace ingress;
using namespace ingress::origin;
using namespace ingress::origin::test;

TEST_CASE("a request and its answer cross, and the connection serves the next request") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"));
  for (int i = 0; i < 3; ++i) {
    Recorder recorder;
    bench.run(origin.target(), recorder);
    CHECK(recorder.completions == 1);
    CHECK(recorder.statuses == std::vector<int>{200});
    CHECK(recorder.reasons == std::vector<std::string>{"Fine"});
    CHECK(recorder.body == "hello");
    CHECK(recorder.ended);
    CHECK(recorder.fields.size() == 2);
    CHECK(bench.pool.idle_count() == 1);
  }
  CHECK(origin.peers.size() == 1);
  CHECK(origin.last().reads == 3);
  CHECK(origin.last().received.starts_with("GET /x?y=1 HTTP/1.1\r\nHost: localhost:3000\r\n\r\n"));
}

TEST_CASE("answers without a body end with their head and leave the connection usable") {
  struct Case {
    const char* method;
    const char* answer;
  };
  for (const Case& each : {Case{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
                           Case{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
                           Case{"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
                           Case{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"},
                           Case{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}}) {
    CAPTURE(each.answer);
    Bench bench;
    FakeOrigin origin(bench.loop, answering(each.answer));
    Recorder recorder;
    bench.run(origin.target(), recorder, each.method);
    CHECK(recorder.completions == 1);
    CHECK(recorder.head_end);
    CHECK(recorder.body.empty());
    CHECK(bench.pool.idle_count() == 1);
  }
}

TEST_CASE("an answer that comes byte by byte gives the same events") {
  const std::string answer =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n";
  Bench bench;
  FakeOrigin origin(bench.loop, {});
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder);
  run_until(bench.loop, [&origin] { return !origin.peers.empty() && origin.last().has_head(); });
  size_t sent = 0;
  const std::function<void()> next = [&bench, &origin, &answer, &sent, &next] {
    if (sent == answer.size()) return;
    origin.last().send(std::string_view(answer).substr(sent++, 1));
    bench.loop.defer(next);
  };
  next();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(recorder.statuses == std::vector<int>{103, 200});
  CHECK(recorder.body == "hello world");
  REQUIRE(recorder.trailers.size() == 1);
  CHECK(recorder.trailers[0].first == "X-Sum");
  CHECK(bench.pool.idle_count() == 1);
}

TEST_CASE("several 1xx come through before the answer") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                                          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  Recorder recorder;
  bench.run(origin.target(), recorder);
  CHECK(recorder.statuses == std::vector<int>{100, 102, 200});
  CHECK(recorder.body == "ok");
}

TEST_CASE("a body that the connection's end ends is whole, and the connection is not kept") {
  for (const char* head : {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"}) {
    Bench bench;
    FakeOrigin origin(bench.loop, [head](Peer& peer) {
      peer.send(std::string(head) + "to the end");
      peer.close();
    });
    Recorder recorder;
    bench.run(origin.target(), recorder);
    CHECK(recorder.completions == 1);
    CHECK(recorder.body == "to the end");
    CHECK(recorder.ended);
    CHECK(bench.pool.idle_count() == 0);
  }
}

TEST_CASE("a connection is kept only where the origin keeps it") {
  struct Case {
    const char* answer;
    size_t kept;
  };
  for (const Case& each : {Case{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 0},
                           Case{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0},
                           Case{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 1},
                           Case{"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n", 0},
                           Case{"HTTP/1.1 200 OK\r\nKeep-Alive: max=3, timeout=5\r\nContent-Length: 0\r\n\r\n", 1},
                           Case{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nunasked", 0}}) {
    CAPTURE(each.answer);
    Bench bench;
    FakeOrigin origin(bench.loop, answering(each.answer));
    Recorder recorder;
    bench.run(origin.target(), recorder);
    CHECK(recorder.completions == 1);
    CHECK(bench.pool.idle_count() == each.kept);
    run_until(bench.loop, [&origin, &each] { return each.kept == 1 || origin.last().left(); });
  }
}

TEST_CASE("a malformed or cut answer fails, blamed on the origin, and its connection is closed") {
  struct Case {
    const char* answer;
    ErrorCode code;
  };
  for (const Case& each :
       {Case{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", ErrorCode::kProtocol},
        Case{"HTTP/1.1 200 OK\nContent-Length: 0\n\n", ErrorCode::kProtocol},
        Case{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ErrorCode::kProtocol},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", ErrorCode::kProtocol},
        Case{"garbage\r\n\r\n", ErrorCode::kProtocol}}) {
    CAPTURE(each.answer);
    Bench bench;
    FakeOrigin origin(bench.loop, answering(each.answer));
    Recorder recorder;
    bench.run(origin.target(), recorder);
    CHECK(recorder.failed);
    CHECK(recorder.failure.code == each.code);
    CHECK(recorder.failure.side == Side::kOrigin);
    CHECK(bench.pool.idle_count() == 0);
    run_until(bench.loop, [&origin] { return origin.last().left(); });
  }
  Bench bench;
  FakeOrigin origin(bench.loop, [](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort");
    peer.close();
  });
  Recorder recorder;
  bench.run(origin.target(), recorder);
  CHECK(recorder.failed);
  CHECK(recorder.body == "short");
  CHECK_FALSE(recorder.ended);
}

TEST_CASE("a reader that takes little holds the origin up, and gets every byte") {
  const std::string body = pattern(3'000'000);
  for (const bool chunked : {false, true}) {
    CAPTURE(chunked);
    Bench bench;
    FakeOrigin origin(bench.loop, [&body, chunked](Peer& peer) {
      if (chunked) {
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2dc6c0\r\n" + body + "\r\n0\r\n\r\n");
      } else {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body);
      }
    });
    Recorder recorder;
    recorder.room = 0;
    const auto exchange = bench.start(origin.target(), recorder);
    run_until(bench.loop, [&recorder] { return !recorder.statuses.empty(); });
    CHECK(recorder.body.empty());
    // 10,007 bytes at a time, each only after the loop had a chance to read too much.
    while (recorder.body.size() < body.size()) {
      const size_t goal = std::min(recorder.room + 10'007, body.size());
      recorder.room += 10'007;
      exchange->resume();
      run_until(bench.loop, [&recorder, goal] { return recorder.body.size() >= goal; });
      CHECK(recorder.body.size() == goal);
    }
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.completions == 1);
    CHECK(recorder.body == body);
    CHECK(recorder.largest <= 10'007);
  }
}

TEST_CASE("what came with the head and is not welcome is held, and it is little") {
  const std::string body = pattern(3'000'000);
  Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body));
  Recorder recorder;
  recorder.room = 0;
  const auto exchange = bench.start(origin.target(), recorder);
  run_until(bench.loop, [&recorder] { return !recorder.statuses.empty(); });
  size_t held = 0;
  recorder.then_data = [&held, &recorder] {
    if (held == 0) held = recorder.body.size();
  };
  recorder.room = body.size();
  exchange->resume();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(held > 0);
  CHECK(held <= 16 * 1024);
  CHECK(recorder.body == body);
}

TEST_CASE("an origin's end waits behind bytes that are not welcome yet") {
  Bench bench;
  FakeOrigin origin(bench.loop, [](Peer& peer) {
    peer.send("HTTP/1.0 200 OK\r\n\r\nheld back");
    peer.close();
  });
  Recorder recorder;
  recorder.room = 0;
  const auto exchange = bench.start(origin.target(), recorder);
  run_until(bench.loop, [&recorder] { return !recorder.statuses.empty(); });
  recorder.room = 4;
  exchange->resume();
  run_until(bench.loop, [&recorder] { return recorder.body == "held"; });
  CHECK_FALSE(recorder.over());
  recorder.room = 100;
  exchange->resume();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(recorder.body == "held back");
}

TEST_CASE("an exchange in which nothing moves ends at its idle limit") {
  Bench bench;
  bench.timeouts.idle = Duration{1};
  FakeOrigin origin(bench.loop, {});
  Recorder recorder;
  bench.run(origin.target(), recorder);
  CHECK(recorder.failed);
  CHECK(recorder.failure.code == ErrorCode::kTimeout);
  CHECK(recorder.failure.side == Side::kOrigin);
  run_until(bench.loop, [&origin] { return origin.last().left(); });
}

TEST_CASE("an origin that is not read, since its answer is not taken, is not silent") {
  Bench bench;
  bench.timeouts.idle = Duration{200};
  FakeOrigin origin(bench.loop, [](Peer& peer) {
    if (peer.has_head()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + pattern(100'000));
  });
  Recorder recorder;
  recorder.room = 1000;
  const auto exchange = bench.start(origin.target(), recorder);
  run_until(bench.loop, [&recorder] { return recorder.taken == 1000; });
  const Time begin = bench.loop.now();
  run_until(bench.loop, [&bench, begin] { return bench.loop.now() - begin > 5 * bench.timeouts.idle; });
  CHECK_FALSE(recorder.failed);
  // Read on, it owes the rest.
  recorder.room = 1'000'000;
  exchange->resume();
  run_until(bench.loop, [&recorder] { return recorder.failed; });
  CHECK(recorder.body.size() == 100'000);
  CHECK(recorder.failure.side == Side::kOrigin);
}

TEST_CASE("an origin that takes its request slowly is not silent, and one that takes no more is") {
  Bench bench;
  bench.timeouts.idle = Duration{1000};
  bench.fields.push_back({"Content-Length", "50000000"});
  FakeOrigin origin(bench.loop, [](Peer& peer) { peer.socket->pause_read(); });
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "POST", false);
  run_until(bench.loop, [&origin] { return !origin.peers.empty() && origin.last().has_head(); });
  const auto fill = [&exchange] {
    while (const size_t room = exchange->sendable()) {
      Payload piece(std::string(std::min(room, size_t{16'000}), 'x'));
      exchange->send_data(piece.bytes(), false);
    }
  };
  recorder.then_sendable = fill;
  fill();
  // Its kernel acknowledges what it makes room for, long before ours says that it takes more.
  int pieces = 0;
  uv::Timer reading(bench.loop, [&origin, &pieces] {
    origin.last().socket->start_read();
    ++pieces;
  });
  reading.start(Duration{200}, Duration{200});
  run_until(bench.loop, [&pieces] { return pieces == 15; });
  CHECK_FALSE(recorder.failed);
  reading.stop();
  run_until(bench.loop, [&recorder] { return recorder.failed; });
  CHECK(recorder.failure.side == Side::kOrigin);
}

TEST_CASE("breaking an exchange off closes the origin's connection, from outside and inside every callback") {
  const std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
  enum class When { kOutside, kHead, kData };
  for (const When when : {When::kOutside, When::kHead, When::kData}) {
    Bench bench;
    FakeOrigin origin(bench.loop, answering(answer));
    Recorder recorder;
    auto exchange = bench.start(origin.target(), recorder);
    if (when == When::kHead) recorder.then_head = [&exchange] { exchange.reset(); };
    if (when == When::kData) recorder.then_data = [&exchange] { exchange.reset(); };
    run_until(bench.loop, [&recorder, when] { return when == When::kHead || !recorder.body.empty(); });
    if (when == When::kOutside) exchange.reset();
    run_until(bench.loop, [&origin] { return !origin.peers.empty() && origin.last().left(); });
    CHECK_FALSE(recorder.over());
    CHECK(bench.pool.idle_count() == 0);
  }
}

TEST_CASE("an exchange may be destroyed, and the next one begun, where the last one completes") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  Recorder first;
  Recorder second;
  std::unique_ptr<Exchange> exchange = bench.start(origin.target(), first);
  first.then_over = [&exchange, &bench, &origin, &second] { exchange = bench.start(origin.target(), second); };
  run_until(bench.loop, [&second] { return second.over(); });
  CHECK(second.body == "ok");
  CHECK(origin.peers.size() == 1);
  first.then_over = nullptr;
}

TEST_CASE("the end may come while the last bytes are handed out and the owner lets go there") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  Recorder recorder;
  std::unique_ptr<Exchange> exchange = bench.start(origin.target(), recorder);
  recorder.then_data = [&exchange] { exchange.reset(); };
  run_until(bench.loop, [&recorder] { return recorder.ended; });
  CHECK(recorder.completions == 0);
  CHECK(bench.pool.idle_count() == 1);
}
