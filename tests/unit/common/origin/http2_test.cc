// Exchanges with HTTP/2 origins: one connection for all, another where it takes no more, and second tries.
#include <doctest/doctest.h>

#include "tests/unit/common/http/http2_origin_peer.h"
#include "tests/unit/common/origin/fake_origin.h"

using namespace ingress;
using namespace ingress::origin;
using namespace ingress::origin::test;

namespace {

using Head = http::test::HeadPairs;

const Head kOk = {{":status", "200"}};

// An origin whose connections speak HTTP/2; `then` is called for each stream whose request has ended.
struct H2Origin {
  struct Connection {
    explicit Connection(uint32_t most) : peer(most) {}
    http::test::Http2OriginPeer peer;
    std::map<int32_t, bool> told;
  };
  using Then = std::function<void(H2Origin&, Connection&, int32_t)>;

  H2Origin(uv::Loop& loop, Then on_request, uint32_t most_streams = 100)
      : then(std::move(on_request)), most(most_streams), fake(loop, [this](Peer& with) { read(with); }) {}

  void read(Peer& with) {
    std::unique_ptr<Connection>& connection = connections[&with];
    if (connection == nullptr) connection = std::make_unique<Connection>(most);
    const std::string bytes = std::exchange(with.received, {});
    CHECK(connection->peer.receive(as_bytes(bytes)));
    for (auto& [id, request] : connection->peer.requests) {
      if (!request.ended || std::exchange(connection->told[id], true)) continue;
      ++requests;
      then(*this, *connection, id);
    }
    write();
  }
  void write() {
    for (auto& [with, connection] : connections) {
      if (with->left() || with->socket == nullptr) continue;
      const std::string out = connection->peer.take();
      if (!out.empty()) with->send(out);
    }
  }
  Target target() const { return fake.target(); }

  Then then;
  uint32_t most;
  FakeOrigin fake;
  std::map<Peer*, std::unique_ptr<Connection>> connections;
  int requests = 0;
};

void answer(H2Origin&, H2Origin::Connection& connection, int32_t id) {
  connection.peer.head(id, kOk);
  connection.peer.data(id, "ok", true);
}

struct H2Bench : Bench {
  using Bench::Bench;
  std::unique_ptr<Exchange> start_h2(const Target& target, Recorder& recorder, std::string_view method = "GET",
                                     bool end = true) {
    Request request;
    request.method = method;
    request.target = "/x?y=1";
    request.fields = &fields;
    request.end = end;
    request.protocol = Protocol::kH2c;
    return pool.start(target, request, timeouts, recorder);
  }
  void run_h2(const Target& target, Recorder& recorder, std::string_view method = "GET") {
    const std::unique_ptr<Exchange> exchange = start_h2(target, recorder, method);
    run_until(loop, [&recorder] { return recorder.over(); });
  }
};

}  // namespace

TEST_CASE("exchanges one after the other and at once share one HTTP/2 connection") {
  H2Bench bench;
  H2Origin origin(bench.loop, answer);
  Recorder first;
  bench.run_h2(origin.target(), first);
  CHECK(first.completions == 1);
  CHECK(first.body == "ok");
  CHECK(bench.pool.idle_count() == 1);
  std::vector<Recorder> many(50);
  std::vector<std::unique_ptr<Exchange>> exchanges;
  exchanges.reserve(many.size());
  for (Recorder& each : many) exchanges.push_back(bench.start_h2(origin.target(), each));
  run_until(bench.loop,
            [&many] { return std::all_of(many.begin(), many.end(), [](auto& each) { return each.over(); }); });
  for (const Recorder& each : many) CHECK(each.body == "ok");
  CHECK(origin.connections.size() == 1);
  exchanges.clear();
  bench.pool.close_idle();
  CHECK(bench.pool.idle_count() == 0);
  run_until(bench.loop, [&origin] { return origin.fake.last().left(); });
  CHECK(origin.connections.begin()->second->peer.left);
}

TEST_CASE("another HTTP/2 connection is made where the origin takes no more streams on the first") {
  H2Bench bench;
  std::vector<std::function<void()>> held;
  H2Origin origin(
      bench.loop, [&](H2Origin& by, auto& on, int32_t id) { held.push_back([&by, &on, id] { answer(by, on, id); }); },
      2);
  std::vector<Recorder> many(5);
  std::vector<std::unique_ptr<Exchange>> exchanges;
  exchanges.reserve(many.size());
  for (Recorder& each : many) exchanges.push_back(bench.start_h2(origin.target(), each));
  run_until(bench.loop, [&held] { return held.size() == 5; });
  CHECK(origin.connections.size() == 3);
  for (const auto& release : held) release();
  origin.write();
  run_until(bench.loop,
            [&many] { return std::all_of(many.begin(), many.end(), [](auto& each) { return each.over(); }); });
}

TEST_CASE("an idle HTTP/2 connection is closed after the limit") {
  PoolLimits limits;
  limits.idle_limit = Duration{50};
  H2Bench bench(limits);
  H2Origin origin(bench.loop, answer);
  Recorder recorder;
  bench.run_h2(origin.target(), recorder);
  run_until(bench.loop, [&origin] { return origin.fake.last().left(); });
  CHECK(bench.pool.idle_count() == 0);
}

TEST_CASE("an HTTP/2 origin that says nothing at all is given up, for those that wait as well") {
  PoolLimits limits;
  limits.settings_limit = Duration{50};
  H2Bench bench(limits);
  FakeOrigin origin(bench.loop, [](Peer&) {});
  std::vector<Recorder> two(2);
  std::vector<std::unique_ptr<Exchange>> exchanges;
  exchanges.reserve(two.size());
  for (Recorder& each : two) exchanges.push_back(bench.start_h2(origin.target(), each));
  run_until(bench.loop, [&two] { return two[0].over() && two[1].over(); });
  for (const Recorder& each : two) CHECK(each.failure.code == ErrorCode::kTimeout);
}

TEST_CASE("a request that a GOAWAY left out is sent again with its body, once") {
  for (const bool again : {false, true}) {
    H2Bench bench;
    H2Origin origin(bench.loop, [again](H2Origin& by, auto& on, int32_t id) {
      if (by.requests == 1 || again) return on.peer.goaway(0);
      answer(by, on, id);
    });
    Recorder recorder;
    const std::unique_ptr<Exchange> exchange = bench.start_h2(origin.target(), recorder, "POST", false);
    Payload body("hello");
    exchange->send_data(body.bytes(), true);
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.failed == again);
    CHECK(origin.connections.size() == 2);
    for (const auto& [peer, connection] : origin.connections) CHECK(connection->peer.requests.at(1).body == "hello");
  }
}

TEST_CASE("a connection that breaks under a GET after it served is dialled again, and under a POST it is not") {
  for (const std::string_view method : {"GET", "POST"}) {
    H2Bench bench;
    H2Origin origin(bench.loop, answer);
    Recorder first;
    bench.run_h2(origin.target(), first);
    origin.then = [](H2Origin& by, auto& on, int32_t id) {
      if (by.requests > 2) return answer(by, on, id);
      for (auto& [peer, connection] : by.connections) peer->close();
    };
    Recorder recorder;
    bench.run_h2(origin.target(), recorder, method);
    CHECK(recorder.failed == (method == "POST"));
    CHECK(recorder.body == (method == "POST" ? "" : "ok"));
  }
}

TEST_CASE("an HTTP/2 answer is handed out as far as it is welcome, and its trailers after it") {
  H2Bench bench;
  const std::string text = pattern(300000);
  H2Origin origin(bench.loop, [&text](H2Origin&, auto& on, int32_t id) {
    on.peer.head(id, kOk);
    on.peer.data(id, text);
  });
  Recorder recorder;
  recorder.room = 1000;
  const std::unique_ptr<Exchange> exchange = bench.start_h2(origin.target(), recorder);
  run_until(bench.loop, [&recorder] { return recorder.taken == 1000; });
  H2Origin::Connection& on = *origin.connections.begin()->second;
  while (recorder.taken < text.size()) {
    recorder.room += 50000;
    const size_t goal = std::min(recorder.room, text.size());
    exchange->resume();
    run_until(bench.loop, [&recorder, goal] { return recorder.taken == goal; });
    origin.write();
  }
  on.peer.head(1, {{"grpc-status", "0"}}, true);
  origin.write();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.body == text);
  CHECK(recorder.trailers.size() == 1);
  CHECK(recorder.completions == 1);
}

TEST_CASE("an HTTP/2 origin whose answer is not taken is not silent") {
  H2Bench bench;
  bench.timeouts.idle = Duration{200};
  H2Origin origin(bench.loop, [](H2Origin&, H2Origin::Connection& connection, int32_t id) {
    connection.peer.head(id, kOk);
    connection.peer.data(id, std::string(30'000, 'x'), false);
  });
  Recorder recorder;
  recorder.room = 1000;
  const auto exchange = bench.start_h2(origin.target(), recorder);
  run_until(bench.loop, [&recorder] { return recorder.taken == 1000; });
  const Time begin = bench.loop.now();
  run_until(bench.loop, [&bench, begin] { return bench.loop.now() - begin > 5 * bench.timeouts.idle; });
  CHECK_FALSE(recorder.failed);
  recorder.room = 1'000'000;
  exchange->resume();
  run_until(bench.loop, [&recorder] { return recorder.failed; });
  CHECK(recorder.body.size() == 30'000);
  CHECK(recorder.failure.code == ErrorCode::kTimeout);
}

TEST_CASE("an exchange that its owner ends resets its stream, and the connection goes on") {
  H2Bench bench;
  H2Origin origin(bench.loop, [](H2Origin&, auto&, int32_t) {});
  Recorder recorder;
  std::unique_ptr<Exchange> exchange = bench.start_h2(origin.target(), recorder);
  run_until(bench.loop, [&origin] { return origin.requests == 1; });
  exchange.reset();
  http::test::Http2OriginPeer& peer = origin.connections.begin()->second->peer;
  run_until(bench.loop, [&peer] { return peer.requests.at(1).reset.has_value(); });
  CHECK(*peer.requests.at(1).reset == NGHTTP2_CANCEL);
  CHECK_FALSE(recorder.over());
  CHECK(bench.pool.idle_count() == 1);
  origin.then = answer;
  bench.run_h2(origin.target(), recorder);
  CHECK(recorder.body == "ok");
  CHECK(origin.connections.size() == 1);
}

TEST_CASE("an answer that ends before the request does is complete, and the rest is not sent") {
  H2Bench bench;
  H2Origin origin(bench.loop, answer);
  Recorder recorder;
  std::unique_ptr<Exchange> exchange = bench.start_h2(origin.target(), recorder, "POST", false);
  Payload body("hello");
  exchange->send_data(body.bytes(), false);
  run_until(bench.loop, [&origin] { return !origin.connections.empty(); });
  H2Origin::Connection& on = *origin.connections.begin()->second;
  answer(origin, on, 1);
  origin.write();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  run_until(bench.loop, [&on] { return on.peer.requests.at(1).reset.has_value(); });
}

TEST_CASE("a large request body goes out as the origin's window lets it, and says when there is room") {
  H2Bench bench;
  H2Origin origin(bench.loop, answer);
  const std::string text = pattern(1000000);
  size_t sent = 0;
  Recorder recorder;
  std::unique_ptr<Exchange> exchange;
  const auto send = [&] {
    while (sent < text.size() && exchange->sendable() > 0) {
      const size_t count = std::min(exchange->sendable(), text.size() - sent);
      Payload piece(text.substr(sent, count));
      sent += count;
      exchange->send_data(piece.bytes(), sent == text.size());
    }
  };
  recorder.then_sendable = send;
  exchange = bench.start_h2(origin.target(), recorder, "POST", false);
  send();
  CHECK(sent == 65536);
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(origin.connections.begin()->second->peer.requests.at(1).body == text);
  CHECK(recorder.body == "ok");
}

TEST_CASE("nobody on the port of an HTTP/2 origin is a failed connect") {
  H2Bench bench;
  const int port = FakeOrigin(bench.loop, {}).port;
  std::vector<Recorder> two(2);
  std::vector<std::unique_ptr<Exchange>> exchanges;
  const Target target{{{"127.0.0.1", port, {}}}, {}, 0, "nobody"};
  exchanges.reserve(two.size());
  for (Recorder& each : two) exchanges.push_back(bench.start_h2(target, each));
  run_until(bench.loop, [&two] { return two[0].over() && two[1].over(); });
  for (const Recorder& each : two) CHECK(each.failure.code == ErrorCode::kConnectFailed);
}

TEST_CASE("an Upgrade takes HTTP/1.1 to an HTTP/2 origin") {
  H2Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  Request request;
  request.method = "GET";
  request.target = "/";
  request.fields = &bench.fields;
  request.end = request.upgrade = true;
  request.protocol = Protocol::kH2c;
  Recorder recorder;
  const std::unique_ptr<Exchange> exchange = bench.pool.start(origin.target(), request, bench.timeouts, recorder);
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.body == "ok");
}
