// A slot's tunnel that another process has replaced: a clone of the machine, or this agent's next process.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/agent/session/broker_streams.h"
#include "tests/unit/agent/session/fake_broker.h"
#include "tests/unit/agent/session/test_agent.h"
#include "tests/unit/agent/session/test_loop.h"
#include "tests/unit/agent/session/test_origin.h"

using namespace ingress;
using namespace ingress::agent;
using namespace ingress::agent::test;

namespace {

constexpr const char* kFirstInstance = "0123456789abcdef";

void start_with(Agent& agent, std::function<void()> on_change, std::function<void()> on_replaced) {
  agent.set = std::make_unique<TunnelSet>(agent.loop, agent.config, agent.streams, 1, std::move(on_change),
                                          std::move(on_replaced));
  agent.set->start();
}

}  // namespace

TEST_CASE("an agent that loses one slot to another process gives up all and asks as an instance that nobody knows") {
  uv::Loop loop;
  FakeBroker broker(loop);
  TestOrigin origin(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 2);
  agent.config.supersedes = {"fedcba9876543210"};
  agent.start();
  REQUIRE(agent.serves(2));
  CHECK(broker.last().hello.supersedes_size() == 1);
  BrokerStream running;
  running.open(broker.ends[1]->session, origin.port, loop.now());
  REQUIRE(run_until(loop, [&origin] { return !origin.peers.empty() && !origin.peers[0]->received.empty(); }));
  std::vector<tunnel::pb::Hello> hellos;
  std::set<uint32_t> slots;
  broker.on_hello = [&hellos, &slots](FakeBroker::End& end) {
    hellos.push_back(end.hello);
    slots.insert(end.hello.slot());
    end.refuse(tunnel::pb::Refused::DUPLICATE_MACHINE, false);
  };
  broker.ends[0]->goaway(tunnel::pb::Goaway::REPLACED);
  REQUIRE(run_until(loop, [&slots, &broker] { return slots.size() == 2 && broker.ends[1]->agent_drains; }));
  for (const tunnel::pb::Hello& hello : hellos) {
    CHECK(hello.instance().size() == 16);
    CHECK(hello.instance() != kFirstInstance);
    CHECK(hello.instance() == hellos[0].instance());
    CHECK(hello.supersedes_size() == 0);
  }
  // What ran on the tunnels that it gave up goes on.
  CHECK_FALSE(running.closed);
  origin.peers[0]->write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  CHECK(run_until(loop, [&running, &agent] { return running.ended && agent.set->serving() == 0; }));
  CHECK(running.body == "ok");
}

TEST_CASE("a slot that dials again itself stays who it is, whatever becomes of the tunnel before") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(agent.serves(1));
  FakeBroker::End& old = broker.last();
  FakeBroker::End* next = nullptr;
  broker.on_hello = [&next](FakeBroker::End& end) { next = &end; };
  old.goaway(tunnel::pb::Goaway::MIGRATE);
  REQUIRE(run_until(loop, [&next] { return next != nullptr; }));
  // As the broker that has both does.
  old.goaway(tunnel::pb::Goaway::REPLACED);
  next->welcome();
  REQUIRE(run_until(loop, [&old] { return old.gone; }));
  CHECK(next->hello.instance() == kFirstInstance);
  FakeBroker::End* const second = next;
  second->kill();
  REQUIRE(run_until(loop, [&next, second] { return next != second; }));
  CHECK(next->hello.instance() == kFirstInstance);
}

TEST_CASE("an agent that drains as it is replaced says no further HELLO") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file, 2);
  bool closed = false;
  start_with(
      agent, [] {}, [&agent, &closed] { agent.set->drain([&closed] { closed = true; }); });
  REQUIRE(agent.serves(2));
  for (const auto& end : broker.ends) end->goaway(tunnel::pb::Goaway::REPLACED);
  REQUIRE(run_until(loop, [&closed] { return closed; }));
  CHECK(broker.hellos == 2);
  agent.drained = true;
}

TEST_CASE("an agent that has the machine by an instance of its own making has told its owner by which") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  agent.start();
  REQUIRE(agent.serves(1));
  CHECK(agent.config.instance == kFirstInstance);
  FakeBroker::End& old = broker.last();
  old.goaway(tunnel::pb::Goaway::REPLACED);
  REQUIRE(run_until(loop, [&agent, &old] { return old.gone && agent.set->serving() == 1; }));
  CHECK(broker.last().hello.instance() != kFirstInstance);
  CHECK(agent.config.instance == broker.last().hello.instance());
}

TEST_CASE("an agent that has the machine again has been replaced once, whatever becomes of its tunnels") {
  uv::Loop loop;
  FakeBroker broker(loop);
  Agent agent(loop, broker.port, broker.folder.ca_file);
  std::string told;
  start_with(
      agent, [&told] { told += 'c'; }, [&told] { told += 'r'; });
  REQUIRE(agent.serves(1));
  FakeBroker::End& old = broker.last();
  old.goaway(tunnel::pb::Goaway::REPLACED);
  REQUIRE(run_until(loop, [&agent, &old] { return old.gone && agent.set->serving() == 1; }));
  FakeBroker::End& next = broker.last();
  next.kill();
  REQUIRE(run_until(loop, [&agent, &broker, &next] { return &broker.last() != &next && agent.set->serving() == 1; }));
  CHECK(std::count(told.begin(), told.end(), 'r') == 1);
}

TEST_CASE("an agent that has given up its tunnels dials at once, whatever spread it was told") {
  uv::Loop loop;
  FakeBroker broker(loop);
  broker.spread_ms = 3600 * 1000;
  Agent agent(loop, broker.port, broker.folder.ca_file, 3);
  agent.start();
  REQUIRE(agent.serves(3));
  std::set<uint32_t> slots;
  broker.on_hello = [&slots](FakeBroker::End& end) {
    if (end.hello.instance() != kFirstInstance) slots.insert(end.hello.slot());
    end.welcome();
  };
  // One of those that were not taken waits for its time already.
  broker.ends[2]->goaway(tunnel::pb::Goaway::MIGRATE);
  broker.ends[0]->goaway(tunnel::pb::Goaway::REPLACED);
  CHECK(run_until(loop, [&slots] { return slots.size() == 3; }));
}
