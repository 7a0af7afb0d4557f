// A broker that asks its agents to move, where the next tunnel is long in coming.
#include <doctest/doctest.h>

#include "tests/unit/agent/session/broker_streams.h"
#include "tests/unit/agent/session/fake_broker.h"
#include "tests/unit/agent/session/test_agent.h"
#include "tests/unit/agent/session/test_loop.h"
#include "tests/unit/agent/session/test_origin.h"

using namespace ingress;
using namespace ingress::agent;
using namespace ingress::agent::test;

namespace {

// An agent whose one tunnel was told MIGRATE and had no stream when the grace for the next one was over. That has said
// HELLO, and its WELCOME waits for the test.
struct LateMove {
  LateMove() {
    agent.config.limits.migrate_grace = Duration{1};
    agent.start();
    REQUIRE(agent.serves(1));
    broker.on_hello = [this](FakeBroker::End& end) { next = &end; };
    old().goaway(tunnel::pb::Goaway::MIGRATE);
    const Time told = loop.now();
    REQUIRE(run_until(loop, [this, told] { return next != nullptr && loop.now() - told > 2 * TunnelSet::kTick; }));
  }

  FakeBroker::End& old() { return *broker.ends.front(); }
  void open() {
    stream.open(old().session, origin.port, loop.now());
    REQUIRE(stream.stream != nullptr);
  }
  bool reaches_the_origin() {
    const auto has_come = [this] { return !origin.peers.empty() && !origin.peers[0]->received.empty(); };
    return run_until(loop, [this, has_come] { return has_come() || stream.closed; }) && !stream.closed;
  }
  bool is_answered() {
    origin.peers[0]->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    return run_until(loop, [this] { return stream.ended || stream.closed; }) && stream.body == "ok";
  }

  uv::Loop loop;
  FakeBroker broker{loop};
  TestOrigin origin{loop};
  Agent agent{loop, broker.port, broker.folder.ca_file};
  FakeBroker::End* next = nullptr;
  BrokerStream stream;
};

}  // namespace

TEST_CASE("a stream that is opened while the next tunnel is long in coming is served to its end when that comes") {
  LateMove move;
  move.open();
  REQUIRE(move.reaches_the_origin());
  move.next->welcome();
  REQUIRE(run_until(move.loop, [&move] { return move.old().agent_drains; }));
  CHECK_FALSE(move.stream.closed);
  CHECK(move.is_answered());
  CHECK(run_until(move.loop, [&move] { return move.old().gone; }));
  CHECK(move.agent.set->serving() == 1);
}

TEST_CASE("a stream that is opened as the late next tunnel comes is served") {
  LateMove move;
  move.next->welcome();
  move.open();
  REQUIRE(move.reaches_the_origin());
  CHECK(move.is_answered());
  CHECK(run_until(move.loop, [&move] { return move.old().gone; }));
}

TEST_CASE("a stream that is opened as an agent is told to end, whose next tunnel is late, is served") {
  LateMove move;
  bool closed = false;
  move.agent.set->drain([&closed] { closed = true; });
  move.open();
  REQUIRE(move.reaches_the_origin());
  CHECK_FALSE(closed);
  CHECK(move.is_answered());
  REQUIRE(run_until(move.loop, [&closed] { return closed; }));
  move.agent.drained = true;
}
