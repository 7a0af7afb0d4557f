// Connecting, keeping and giving up connections.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>

#include "common/uv/timer.h"
#include "tests/unit/common/origin/allocation_count.h"
#include "tests/unit/common/origin/fake_origin.h"

using namespace ingress;
using namespace ingress::origin;
using namespace ingress::origin::test;

namespace {

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

bool has_ipv6(uv::Loop& loop) {
  return uv::Listener::listen(loop, *uv::Address::parse("[::1]:0"), [](std::unique_ptr<uv::Socket>) {}).has_value();
}

// A port on which nobody listens.
int closed_port(uv::Loop& loop) { return FakeOrigin(loop, {}).port; }

Target local(int port) {
  return Target{{{"127.0.0.1", port, {}}, {"::1", port, {}}}, {}, 0, "localhost:" + std::to_string(port)};
}

// Puts one connection into the pool, and has the origin do `then` with the next request on it.
void warm_up(Bench& bench, FakeOrigin& origin, const std::function<void(Peer&)>& then) {
  origin.then_read = answering(kOk);
  Recorder recorder;
  bench.run(origin.target(), recorder);
  REQUIRE(bench.pool.idle_count() == 1);
  origin.last().then_read = then;
}

void pass(uv::Loop& loop, Duration time) {
  bool over = false;
  uv::Timer timer(loop, [&over] { over = true; });
  timer.start(time);
  run_until(loop, [&over] { return over; });
}

}  // namespace

TEST_CASE("a stale connection is dialled again, unseen") {
  for (const bool reset : {false, true}) {
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, [reset](Peer& peer) {
      if (reset) peer.socket->reset_on_close();
      peer.close();
    });
    Recorder recorder;
    bench.run(origin.target(), recorder);
    CHECK(recorder.completions == 1);
    CHECK(recorder.body == "ok");
    REQUIRE(origin.peers.size() == 2);
    CHECK(origin.last().received == "GET /x?y=1 HTTP/1.1\r\nHost: localhost:3000\r\n\r\n");
    CHECK(bench.pool.idle_count() == 1);
  }
}

TEST_CASE("what an origin says before a request has left is no answer to it, and the request goes elsewhere") {
  for (const int kind : {0, 1, 2, 3}) {
    const bool says = kind % 2 != 0;
    const bool repeatable = kind >= 2;  // then the connection is not looked at before
    CAPTURE(says);
    CAPTURE(repeatable);
    Bench bench(trusting());
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, {});
    // In one iteration: what has the request begun, and behind it the origin's unasked bytes or its end.
    FakeOrigin other(bench.loop, {});
    Recorder trigger, recorder;
    const auto beginning = bench.start(other.target(), trigger);
    run_until(bench.loop, [&other] { return !other.peers.empty() && other.last().has_head(); });
    std::unique_ptr<Exchange> exchange;
    trigger.then_head = [&] {
      exchange = bench.start(origin.target(), recorder, repeatable ? "GET" : "POST", repeatable);
      Payload body("body");
      if (!repeatable) exchange->send_data(body.bytes(), true);
      origin.then_read = [repeatable](Peer& peer) {
        if (peer.received.ends_with(repeatable ? "\r\n\r\n" : "0\r\n\r\n")) peer.send(kOk);
      };
    };
    Peer& idle = origin.last();
    other.last().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    if (says) {
      idle.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned");
    } else {
      idle.close();
    }
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.body == "ok");
    REQUIRE(origin.peers.size() == 2);
    CHECK(origin.last().received.ends_with(repeatable ? "\r\n\r\n" : "\r\n\r\n4\r\nbody\r\n0\r\n\r\n"));
  }
}

TEST_CASE("a request that cannot be repeated takes no connection that has ended unseen, but the one behind it") {
  Bench bench(trusting());
  FakeOrigin origin(bench.loop, answering(kOk));
  Recorder first, second, third;
  {
    const auto one = bench.start(origin.target(), first);
    const auto two = bench.start(origin.target(), second);
    run_until(bench.loop, [&first, &second] { return first.over() && second.over(); });
  }
  bench.run(origin.target(), third);
  REQUIRE(bench.pool.idle_count() == 2);
  const size_t used_last = origin.peers[0]->reads == 2 ? 0 : 1;
  REQUIRE(origin.peers[used_last]->reads == 2);
  Peer& open = *origin.peers[1 - used_last];
  open.then_read = [](Peer& peer) {
    if (peer.received.ends_with("0\r\n\r\n")) peer.send(kOk);
  };
  // In one iteration: what has the request begun, which is written at once, and behind it the end.
  FakeOrigin other(bench.loop, {});
  Recorder trigger, recorder;
  const auto beginning = bench.start(other.target(), trigger);
  run_until(bench.loop, [&other] { return !other.peers.empty() && other.last().has_head(); });
  std::unique_ptr<Exchange> exchange;
  trigger.then_head = [&] {
    exchange = bench.start(origin.target(), recorder, "POST", false);
    Payload body(pattern(9000));
    exchange->send_data(body.bytes(), true);
  };
  other.last().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  origin.peers[used_last]->close();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(recorder.body == "ok");
  CHECK(origin.peers.size() == 2);
  CHECK(open.reads > 1);
}

TEST_CASE("a fresh connection that ends without an answer is not dialled again") {
  Bench bench;
  FakeOrigin origin(bench.loop, [](Peer& peer) { peer.close(); });
  Recorder recorder;
  bench.run(origin.target(), recorder);
  CHECK(recorder.failed);
  CHECK(recorder.failure.code == ErrorCode::kClosed);
  CHECK(origin.peers.size() == 1);
}

TEST_CASE("a request that may have been acted on is not sent twice") {
  SUBCASE("a POST") {
    Bench bench(trusting());
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, [](Peer& peer) { peer.close(); });
    Recorder recorder;
    bench.run(origin.target(), recorder, "POST");
    CHECK(recorder.failed);
    CHECK(origin.peers.size() == 1);
  }
  SUBCASE("a PUT whose body was begun") {
    Bench bench(trusting());
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, [](Peer& peer) { peer.close(); });
    Recorder recorder;
    const auto exchange = bench.start(origin.target(), recorder, "PUT", false);
    Payload payload("x");
    exchange->send_data(payload.bytes(), false);
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.failed);
    CHECK(origin.peers.size() == 1);
  }
  SUBCASE("a GET whose answer was begun") {
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, [](Peer& peer) {
      peer.send("HTTP/1.1 20");
      peer.close();
    });
    Recorder recorder;
    bench.run(origin.target(), recorder);
    CHECK(recorder.failed);
    CHECK(origin.peers.size() == 1);
  }
}

TEST_CASE("a request that cannot be repeated takes only a connection that was used lately") {
  PoolLimits limits;
  limits.fresh_limit = Duration{-1};
  Bench bench(limits);
  FakeOrigin origin(bench.loop, {});
  warm_up(bench, origin, answering(kOk));
  Recorder post;
  bench.run(origin.target(), post, "POST");
  CHECK(post.completions == 1);
  CHECK(origin.peers.size() == 2);
  Recorder get;
  bench.run(origin.target(), get);
  CHECK(get.completions == 1);
  CHECK(origin.peers.size() == 2);
}

TEST_CASE("a request that cannot be repeated takes a connection only of an origin that has been seen to keep them") {
  PoolLimits limits;
  limits.trust_margin = Duration{200};
  Bench bench(limits);
  FakeOrigin origin(bench.loop, {});
  warm_up(bench, origin, answering(kOk));
  Recorder early, later, last;
  bench.run(origin.target(), early, "POST");
  CHECK(early.completions == 1);
  CHECK(origin.peers.size() == 2);
  pass(bench.loop, Duration{600});
  Recorder get;
  bench.run(origin.target(), get);
  bench.run(origin.target(), later, "POST");
  CHECK(later.completions == 1);
  CHECK(origin.peers.size() == 2);
  for (const auto& peer : origin.peers) peer->close();
  run_until(bench.loop, [&bench] { return bench.pool.idle_count() == 0; });
  Recorder again;
  bench.run(origin.target(), again);
  bench.run(origin.target(), last, "POST");
  CHECK(last.completions == 1);
  CHECK(origin.peers.size() == 4);
}

TEST_CASE("an idle connection ends when the origin closes it, says something unasked, or has been idle for long") {
  SUBCASE("closed") {
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, {});
    origin.last().close();
    run_until(bench.loop, [&bench] { return bench.pool.idle_count() == 0; });
  }
  SUBCASE("reset") {
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, {});
    origin.last().socket->reset_on_close();
    origin.last().close();
    run_until(bench.loop, [&bench] { return bench.pool.idle_count() == 0; });
  }
  SUBCASE("unasked bytes") {
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, {});
    origin.last().send(kOk);
    run_until(bench.loop, [&origin] { return origin.last().left(); });
    CHECK(bench.pool.idle_count() == 0);
  }
  SUBCASE("idle for too long") {
    PoolLimits limits;
    limits.idle_limit = Duration{1};
    Bench bench(limits);
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, {});
    run_until(bench.loop, [&origin] { return origin.last().left(); });
    CHECK(bench.pool.idle_count() == 0);
  }
  SUBCASE("close_idle") {
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    warm_up(bench, origin, {});
    bench.pool.close_idle();
    CHECK(bench.pool.idle_count() == 0);
    run_until(bench.loop, [&origin] { return origin.last().left(); });
  }
}

TEST_CASE("no more idle connections are kept than the limit allows, and the last used serves first") {
  PoolLimits limits;
  limits.idle_per_target = 2;
  Bench bench(limits);
  FakeOrigin origin(bench.loop, answering(kOk));
  std::vector<Recorder> recorders(4);
  std::vector<std::unique_ptr<Exchange>> exchanges;
  exchanges.reserve(recorders.size());
  for (Recorder& each : recorders) exchanges.push_back(bench.start(origin.target(), each));
  run_until(bench.loop, [&recorders] {
    return std::all_of(recorders.begin(), recorders.end(), [](const Recorder& each) { return each.over(); });
  });
  CHECK(origin.peers.size() == 4);
  CHECK(bench.pool.idle_count() == 2);
  exchanges.clear();
  for (int i = 0; i < 3; ++i) {
    Recorder recorder;
    bench.run(origin.target(), recorder);
  }
  const auto busiest = std::max_element(origin.peers.begin(), origin.peers.end(),
                                        [](const auto& a, const auto& b) { return a->reads < b->reads; });
  CHECK((*busiest)->reads == 4);
}

TEST_CASE("targets with other keys do not share connections") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering(kOk));
  Recorder first;
  bench.run(origin.target(), first);
  Target other = origin.target();
  other.key = "other";
  Recorder second;
  bench.run(other, second);
  CHECK(origin.peers.size() == 2);
}

TEST_CASE("a refused connection names the addresses that were tried") {
  Bench bench;
  const int port = closed_port(bench.loop);
  const bool ipv6 = has_ipv6(bench.loop);
  Recorder recorder;
  bench.run(local(port), recorder);
  CHECK(recorder.failed);
  CHECK(recorder.failure.code == ErrorCode::kConnectFailed);
  CHECK(recorder.failure.side == Side::kOrigin);
  CHECK(recorder.failure.retryable);
  CHECK(recorder.failure.sys_errno == ECONNREFUSED);
  CHECK(std::string(recorder.failure.context) ==
        (ipv6 ? "connection refused on 127.0.0.1 and [::1]" : "connection refused on 127.0.0.1"));
}

TEST_CASE("an origin on [::1] alone is found, by the second address") {
  Bench bench;
  if (!has_ipv6(bench.loop)) return;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
                    "[::1]:0");
  for (int i = 0; i < 2; ++i) {
    Recorder recorder;
    bench.run(local(origin.port), recorder);
    CHECK(recorder.completions == 1);
  }
  CHECK(origin.peers.size() == 2);
}

TEST_CASE("a target with a name is resolved") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering(kOk));
  Recorder recorder;
  bench.run(Target{{}, "localhost", origin.port, "named"}, recorder);
  CHECK(recorder.completions == 1);
}

TEST_CASE("letting go of an exchange that is still connecting gives up") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering(kOk));
  Recorder recorder;
  bench.start(origin.target(), recorder).reset();
  bench.start(Target{{}, "localhost", origin.port, "named"}, recorder).reset();
  Recorder other;
  bench.run(origin.target(), other);
  CHECK_FALSE(recorder.over());
}

TEST_CASE("an exchange may be destroyed inside its failure") {
  Bench bench;
  Recorder recorder;
  std::unique_ptr<Exchange> exchange = bench.start(local(closed_port(bench.loop)), recorder);
  recorder.then_over = [&exchange] { exchange.reset(); };
  run_until(bench.loop, [&exchange] { return exchange == nullptr; });
  CHECK(recorder.failed);
}

TEST_CASE("a probe says whether anything listens") {
  Bench bench;
  FakeOrigin origin(bench.loop, {});
  int good = 0;
  Status bad;
  bool told = false;
  bench.pool.probe(local(origin.port), Duration{5000}, [&good](const Status& status) { good += status ? 1 : 0; });
  bench.pool.probe(local(closed_port(bench.loop)), Duration{5000}, [&bad, &told](const Status& status) {
    bad = status;
    told = true;
  });
  CHECK_FALSE(told);
  run_until(bench.loop, [&good, &told] { return good == 1 && told; });
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().code == ErrorCode::kConnectFailed);
}

namespace {

// As an origin that allocates nothing.
struct QuietPeer final : uv::SocketHandler {
  void on_read(MutableBytes) override {
    ++reads;
    socket->write(as_bytes(kOk));
  }
  void on_read_end() override {}
  void on_failed(const Error&) override {}
  void on_write_drained() override {}
  std::unique_ptr<uv::Socket> socket;
  size_t reads = 0;
};

// Asks again as soon as it is answered.
struct Asker final : ExchangeHandler {
  Asker(Bench& with, const Target& to) : bench(with), target(to) { ask(); }
  void ask() {
    Request request{"GET", "/", &bench.fields, false, true};
    exchange = bench.pool.start(target, request, bench.timeouts, *this);
  }
  void on_head(const http::ResponseHead&, bool) override {}
  void on_data(MutableBytes, bool) override {}
  void on_trailers(const http::Fields&) override {}
  size_t allowance() override { return 65536; }
  void on_sendable() override {}
  void on_failed(const Error&) override { bench.loop.stop(); }
  void on_complete() override {
    exchange.reset();
    if (++answers == kWarmUp) before = allocation_count();
    if (answers == kWarmUp + kMeasured) {
      after = allocation_count();
      bench.loop.stop();
    } else {
      ask();
    }
  }

  static constexpr size_t kWarmUp = 50;
  static constexpr size_t kMeasured = 1000;
  Bench& bench;
  const Target& target;
  std::unique_ptr<Exchange> exchange;
  size_t answers = 0;
  size_t before = 0;
  size_t after = 0;
};

}  // namespace

TEST_CASE("a request over a warm connection is one piece each way and allocates nothing") {
  Bench bench;
  QuietPeer peer;
  auto listener =
      uv::Listener::listen(bench.loop, *uv::Address::parse("127.0.0.1:0"), [&peer](std::unique_ptr<uv::Socket> socket) {
        peer.socket = std::move(socket);
        peer.socket->set_handler(&peer);
        peer.socket->start_read();
      });
  REQUIRE(listener.has_value());
  const Target target{{(*listener)->local()}, {}, 0, "quiet"};
  Asker asker(bench, target);
  bench.loop.run();
  CHECK(asker.answers == Asker::kWarmUp + Asker::kMeasured);
  CHECK(peer.reads == asker.answers);
  CHECK(asker.after - asker.before == 0);
}
