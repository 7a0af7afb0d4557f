// How requests are framed and sent.
#include <doctest/doctest.h>

#include "tests/unit/common/origin/fake_origin.h"

using namespace ingress;
using namespace ingress::origin;
using namespace ingress::origin::test;

namespace {

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Puts one connection into the pool.
void warm_up(Bench& bench, FakeOrigin& origin) {
  origin.then_read = answering(kOk);
  Recorder recorder;
  bench.run(origin.target(), recorder);
  REQUIRE(bench.pool.idle_count() == 1);
  origin.last().received.clear();
  origin.last().reads = 0;
}

}  // namespace

TEST_CASE("over a pooled connection head and body go out as one piece") {
  Bench bench(trusting());
  FakeOrigin origin(bench.loop, {});
  warm_up(bench, origin);
  origin.last().then_read = [](Peer& peer) { peer.send(kOk); };
  bench.fields.push_back({"Content-Length", "4"});
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "POST", false);
  CHECK(exchange->sendable() > 0);
  Payload payload("body");
  exchange->send_data(payload.bytes(), true);
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(origin.last().received == "POST /x?y=1 HTTP/1.1\r\nHost: localhost:3000\r\nContent-Length: 4\r\n\r\nbody");
  CHECK(origin.last().reads == 1);
  CHECK(bench.pool.idle_count() == 1);
}

TEST_CASE("a body without a length is chunked, with its trailers") {
  Bench bench;
  FakeOrigin origin(bench.loop, [](Peer& peer) {
    if (peer.received.ends_with("X-Sum: 9\r\n\r\n")) peer.send(kOk);
  });
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "POST", false);
  recorder.then_sendable = [&exchange] {
    Payload payload("some");
    exchange->send_data(payload.bytes(), false);
    Payload more("thing");
    exchange->send_data(more.bytes(), false);
    exchange->send_trailers({{"X-Sum", "9"}});
  };
  CHECK(exchange->sendable() == 0);
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(origin.last().received.ends_with(
      "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n5\r\nthing\r\n0\r\nX-Sum: 9\r\n\r\n"));
  CHECK(bench.pool.idle_count() == 1);
}

TEST_CASE("a body's end may be given before there is a connection") {
  for (const bool trailers : {false, true}) {
    Bench bench;
    FakeOrigin origin(bench.loop, [](Peer& peer) { peer.send(kOk); });
    Recorder recorder;
    const auto exchange = bench.start(origin.target(), recorder, "POST", false);
    if (trailers) {
      exchange->send_trailers({{"X-T", "1"}});
    } else {
      exchange->send_data({}, true);
    }
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.completions == 1);
    CHECK(recorder.sendables == 0);
    CHECK(origin.last().received.ends_with(trailers ? "\r\n\r\n0\r\nX-T: 1\r\n\r\n" : "\r\n\r\n0\r\n\r\n"));
  }
}

TEST_CASE("TE is named by Connection where the request has it") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering(kOk));
  bench.fields.push_back({"TE", "trailers"});
  Recorder recorder;
  bench.run(origin.target(), recorder);
  CHECK(origin.last().received.find("\r\nConnection: TE\r\n") != std::string::npos);
}

TEST_CASE("an upload to an origin that reads slowly is held up, bounded, and arrives whole") {
  const std::string body = pattern(8'000'000);
  Bench bench;
  FakeOrigin origin(bench.loop, [&body](Peer& peer) {
    if (peer.received.size() > body.size() && peer.received.ends_with(body.substr(body.size() - 100))) peer.send(kOk);
  });
  origin.reading = false;
  const std::string length = std::to_string(body.size());
  bench.fields.push_back({"Content-Length", length});
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "PUT", false);
  size_t sent = 0;
  const auto send_more = [&exchange, &body, &sent] {
    while (sent < body.size() && exchange->sendable() > 0) {
      Payload piece(std::string_view(body).substr(sent, std::min<size_t>(exchange->sendable(), 50'000)));
      sent += piece.bytes().size();
      exchange->send_data(piece.bytes(), sent == body.size());
    }
  };
  recorder.then_sendable = send_more;
  run_until(bench.loop, [&sent, &exchange] { return sent > 0 && exchange->sendable() == 0; });
  CHECK(sent < body.size());
  origin.last().socket->start_read();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(origin.last().received.ends_with(body));
  CHECK(recorder.sendables > 1);
}

TEST_CASE("an answer that comes before the request is complete ends the exchange and the connection") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"));
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "POST", false);
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(recorder.body == "big");
  CHECK(bench.pool.idle_count() == 0);
  CHECK(exchange->sendable() == 0);
  Payload late("late");
  exchange->send_data(late.bytes(), true);
  run_until(bench.loop, [&origin] { return origin.last().left(); });
}

TEST_CASE("a long answer goes on while the request is still being sent") {
  Bench bench;
  FakeOrigin origin(bench.loop, {});
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "POST", false);
  run_until(bench.loop, [&origin] { return !origin.peers.empty() && origin.last().has_head(); });
  origin.last().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  run_until(bench.loop, [&recorder] { return recorder.body == "a"; });
  Payload payload("up");
  exchange->send_data(payload.bytes(), true);
  run_until(bench.loop, [&origin] { return origin.last().received.ends_with("2\r\nup\r\n0\r\n\r\n"); });
  origin.last().send("1\r\nb\r\n0\r\n\r\n");
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.body == "ab");
  CHECK(bench.pool.idle_count() == 1);
}

TEST_CASE("a body that is not as long as its Content-Length breaks the exchange off, the caller's fault") {
  for (const char* text : {"toolong", "no"}) {
    CAPTURE(text);
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    bench.fields.push_back({"Content-Length", "4"});
    Recorder recorder;
    const auto exchange = bench.start(origin.target(), recorder, "POST", false);
    recorder.then_sendable = [&exchange, text] {
      Payload payload(text);
      exchange->send_data(payload.bytes(), true);
    };
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.failed);
    CHECK(recorder.failure.code == ErrorCode::kBadRequest);
    CHECK(recorder.failure.side == Side::kClient);
    CHECK(bench.pool.idle_count() == 0);
  }
}

TEST_CASE("a head that frames its body ambiguously is not sent") {
  struct Case {
    http::Fields fields;
    bool end;
  };
  for (const Case& each :
       {Case{{{"Content-Length", "4"}, {"content-length", "4"}}, false}, Case{{{"Content-Length", "4, 4"}}, false},
        Case{{{"Content-Length", "+4"}}, false}, Case{{{"Content-Length", ""}}, false},
        Case{{{"Content-Length", "4"}}, true}, Case{{{"Transfer-Encoding", "chunked"}}, false},
        Case{{{"Content-Length", "4"}, {"transfer-encoding", "x"}}, false}}) {
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    bench.fields.insert(bench.fields.end(), each.fields.begin(), each.fields.end());
    Recorder recorder;
    const auto exchange = bench.start(origin.target(), recorder, "POST", each.end);
    CHECK_FALSE(recorder.over());  // never from inside start
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.failed);
    CHECK(recorder.failure.side == Side::kClient);
    CHECK(origin.peers.empty());
  }
}

TEST_CASE("after a 101 both ways are opaque, and each half-close is passed on") {
  for (const bool origin_first : {true, false}) {
    CAPTURE(origin_first);
    Bench bench;
    FakeOrigin origin(bench.loop, {});
    bench.fields.push_back({"Upgrade", "echo"});
    Recorder recorder;
    const auto exchange = bench.start(origin.target(), recorder, "GET", true, true);
    run_until(bench.loop, [&origin] { return !origin.peers.empty() && origin.last().has_head(); });
    CHECK(origin.last().received.find("\r\nConnection: Upgrade\r\n") != std::string::npos);
    CHECK(exchange->sendable() == 0);
    origin.last().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst");
    run_until(bench.loop, [&recorder] { return recorder.body == "first"; });
    CHECK(recorder.sendables == 1);
    CHECK(exchange->sendable() > 0);
    origin.last().received.clear();
    Payload up("up\r\n\r\n");
    exchange->send_data(up.bytes(), false);
    run_until(bench.loop, [&origin] { return origin.last().received == "up\r\n\r\n"; });
    const auto origin_ends = [&bench, &origin, &recorder] {
      origin.last().socket->shutdown();
      run_until(bench.loop, [&recorder] { return recorder.ended; });
    };
    const auto owner_ends = [&bench, &origin, &recorder, &exchange] {
      Payload last("last");
      exchange->send_data(last.bytes(), true);
      CHECK(recorder.completions == 0);
      run_until(bench.loop, [&origin] { return origin.last().ended; });
      CHECK(origin.last().received == "up\r\n\r\nlast");
    };
    if (origin_first) {
      origin_ends();
      CHECK_FALSE(recorder.over());
      owner_ends();
    } else {
      owner_ends();
      CHECK_FALSE(recorder.over());
      origin.last().send("answer to the end");
      origin_ends();
      CHECK(recorder.body == "firstanswer to the end");
    }
    run_until(bench.loop, [&recorder] { return recorder.over(); });
    CHECK(recorder.completions == 1);
    CHECK(bench.pool.idle_count() == 0);
  }
}

TEST_CASE("an upgrade that the origin declines is an ordinary answer") {
  Bench bench;
  FakeOrigin origin(bench.loop, answering("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"));
  bench.fields.push_back({"Upgrade", "echo"});
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "GET", true, true);
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.completions == 1);
  CHECK(bench.pool.idle_count() == 1);
}

TEST_CASE("an origin that resets an upgraded connection fails the exchange") {
  Bench bench;
  FakeOrigin origin(bench.loop,
                    answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"));
  bench.fields.push_back({"Upgrade", "echo"});
  Recorder recorder;
  const auto exchange = bench.start(origin.target(), recorder, "GET", true, true);
  run_until(bench.loop, [&recorder] { return !recorder.statuses.empty(); });
  origin.last().socket->reset_on_close();
  origin.last().close();
  run_until(bench.loop, [&recorder] { return recorder.over(); });
  CHECK(recorder.failed);
  CHECK(recorder.failure.side == Side::kOrigin);
}
