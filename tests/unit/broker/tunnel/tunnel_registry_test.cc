#include "broker/tunnel/tunnel_registry.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/tunnel/machine_directory.h"
#include "proto/tunnel.pb.h"
#include "tests/unit/broker/tunnel/far_agent.h"

namespace ingress::broker {
namespace {

using Log = std::vector<std::string>;

const std::string kMachine = "mach_1";

struct AnyMachine final : TunnelAuthority {
  Verdict check(std::string_view, std::string_view) override { return verdict; }
  bool config_of(std::string_view, tunnel::pb::Config&) override { return false; }

  Verdict verdict = Verdict::kGood;
};

struct WatcherRecorder final : MachineWatcher {
  void on_machine_up(const std::string& machine) override { log.push_back("up " + machine); }
  void on_machine_down(std::string_view machine) override { log.push_back("down " + std::string(machine)); }
  void on_tunnel_up(const TunnelInfo&) override {}
  void on_tunnel_down(const TunnelInfo&, std::string_view, bool) override {}
  void on_ports(std::string_view, MachinePorts) override {}
  void on_activity(std::string_view, const ActivityNews&) override {}
  void on_left(std::string_view, const LeftStreams&) override {}

  Log log;
};

std::string instance_of(char letter) { return std::string(16, letter); }

tunnel::pb::Hello hello(int slot, char instance = 'i') {
  tunnel::pb::Hello message;
  message.add_versions(1);
  message.set_machine(kMachine);
  message.set_instance(instance_of(instance));
  message.set_slot(static_cast<uint32_t>(slot));
  return message;
}

struct Fixture {
  explicit Fixture(const tunnel::SessionLimits& limits = {}, Duration holder_timeout = std::chrono::seconds{2})
      : registry(loop, {.limits = limits, .holder_timeout = holder_timeout}, authority) {
    registry.set_watcher(watcher);
  }
  ~Fixture() {
    streams.clear();
    for (const auto& agent : agents) agent->hang_up();
  }

  // A tunnel whose HELLO has been read; what the loop is to do of it is still to be done.
  test::FarAgent& adopt(int slot, char instance = 'i', char supersedes = 0) {
    agents.push_back(std::make_unique<test::FarAgent>(loop));
    test::FarAgent& agent = *agents.back();
    tunnel::pb::Hello message = hello(slot, instance);
    if (supersedes != 0) message.add_supersedes(instance_of(supersedes));
    agent.end.session.send_hello(message);
    std::unique_ptr<transport::Connection> connection = agent.connection();
    connection->start();
    registry.adopt(std::move(connection), agent.written().span(), {});
    return agent;
  }
  void connect(int slot) {
    adopt(slot).pump();
    REQUIRE(agents.back()->end.session.established());
  }

  tunnel::Stream* open() {
    tunnel::OpenHead head;
    head.port = 3000;
    head.request.method = "GET";
    head.request.target = "/";
    streams.push_back(std::make_unique<tunnel::test::Recorder>());
    return streams.back()->stream = registry.open(kMachine, head, true, streams.back().get(), why);
  }

  uv::Loop loop;
  AnyMachine authority;
  WatcherRecorder watcher;
  std::vector<std::unique_ptr<test::FarAgent>> agents;
  TunnelRegistry registry;
  std::vector<std::unique_ptr<tunnel::test::Recorder>> streams;
  Error why;
};

TEST_CASE("a request that finds all tunnels of its machine full is refused as too much, and not as one to wait") {
  tunnel::SessionLimits limits;
  limits.max_streams = 1;
  Fixture fixture(limits);
  fixture.connect(0);
  fixture.connect(1);
  CHECK(fixture.open() != nullptr);
  CHECK(fixture.open() != nullptr);
  CHECK(fixture.open() == nullptr);
  CHECK(fixture.why.code == ErrorCode::kOverloaded);
  CHECK(fixture.why.side == Side::kInternal);
  CHECK(status_of(fixture.why) == 503);
  fixture.streams.front()->abandon(tunnel::ResetCode::kCancelled);
  CHECK(fixture.open() != nullptr);
}

TEST_CASE("a tunnel whose stream ids are used up does not hide one that takes streams") {
  tunnel::SessionLimits limits;
  limits.last_stream_id = 1;
  Fixture fixture(limits);
  fixture.connect(0);
  REQUIRE(fixture.open() != nullptr);
  fixture.streams.front()->abandon(tunnel::ResetCode::kCancelled);
  fixture.connect(1);
  CHECK(fixture.open() != nullptr);
  CHECK(fixture.open() == nullptr);
  CHECK(fixture.why.code == ErrorCode::kMachineUnavailable);
}

TEST_CASE("a tunnel that is full beside one whose stream ids are used up makes the machine full") {
  tunnel::SessionLimits limits;
  limits.max_streams = 1;
  limits.last_stream_id = 2;
  Fixture fixture(limits);
  fixture.connect(0);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(fixture.open() != nullptr);
    fixture.streams.back()->abandon(tunnel::ResetCode::kCancelled);
  }
  fixture.connect(1);
  CHECK(fixture.open() != nullptr);
  CHECK(fixture.open() == nullptr);
  CHECK(fixture.why.code == ErrorCode::kOverloaded);
}

TEST_CASE("a tunnel that comes beside none that takes streams is news") {
  tunnel::SessionLimits limits;
  limits.last_stream_id = 1;
  Fixture fixture(limits);
  fixture.connect(0);
  fixture.connect(1);
  CHECK(fixture.watcher.log == Log{"up mach_1"});
  CHECK(fixture.open() != nullptr);
  CHECK(fixture.open() != nullptr);
  fixture.connect(2);
  CHECK(fixture.watcher.log == Log{"up mach_1", "up mach_1"});
}

TEST_CASE("a machine that is gone again at the end of the iteration is not said to have come") {
  Fixture fixture;
  fixture.adopt(0);
  CHECK(fixture.registry.connected(kMachine));
  fixture.registry.drop_all_of(kMachine);
  CHECK(fixture.watcher.log == Log{"down mach_1"});
  test::turn(fixture.loop);
  CHECK(fixture.watcher.log == Log{"down mach_1"});
}

TEST_CASE("a machine that comes, goes and comes within an iteration is said to have come once, at last") {
  Fixture fixture;
  fixture.adopt(0);
  fixture.registry.drop_all_of(kMachine);
  fixture.adopt(0);
  test::turn(fixture.loop);
  CHECK(fixture.watcher.log == Log{"down mach_1", "up mach_1"});
  fixture.registry.drop_all_of(kMachine);
  fixture.connect(0);
  CHECK(fixture.watcher.log == Log{"down mach_1", "up mach_1", "down mach_1", "up mach_1"});
}

TEST_CASE("a tunnel is counted from its welcome to its end, and not while its agent comes or is refused") {
  Fixture fixture;
  fixture.connect(0);
  CHECK(fixture.registry.tunnel_count() == 1);
  fixture.authority.verdict = TunnelAuthority::Verdict::kArchived;
  fixture.adopt(1);
  fixture.agents.push_back(std::make_unique<test::FarAgent>(fixture.loop));
  std::unique_ptr<transport::Connection> silent = fixture.agents.back()->connection();
  silent->start();
  fixture.registry.adopt(std::move(silent));
  CHECK(fixture.registry.tunnel_count() == 1);
  fixture.agents.front()->hang_up();
  CHECK(fixture.registry.tunnel_count() == 0);
}

TEST_CASE("a holder that answered keeps its machine, however long the broker stood still before it looked") {
  constexpr Duration kTimeout{20};
  Fixture fixture({}, kTimeout);
  fixture.connect(0);
  test::FarAgent& holder = *fixture.agents.back();
  test::FarAgent& newcomer = fixture.adopt(0, 'j');
  test::turn(fixture.loop);
  holder.receive();
  REQUIRE(!holder.end.sink.out.empty());
  holder.send_written();
  // Its answer and the end of the time are due in one turn.
  std::this_thread::sleep_for(kTimeout * 2);
  test::turn(fixture.loop);
  newcomer.pump();
  CHECK(!newcomer.end.session.established());
  REQUIRE(fixture.open() != nullptr);
  holder.pump();
  CHECK(holder.end.recorder.streams.size() == 1);
}

TEST_CASE("an answer in a contest that is over is none in the next one of that machine") {
  Fixture fixture;
  fixture.connect(0);
  test::FarAgent& holder = *fixture.agents.back();
  fixture.adopt(0, 'j');
  test::turn(fixture.loop);
  holder.receive();
  holder.send_written();
  // All in the turn in which the holder's answer is read.
  test::FarAgent* successor = nullptr;
  fixture.loop.post([&fixture, &successor] {
    successor = &fixture.adopt(0, 's', 'i');
    fixture.adopt(0, 'n');
  });
  test::turn(fixture.loop);
  REQUIRE(successor != nullptr);
  successor->pump();
  REQUIRE(successor->end.session.established());
  REQUIRE(fixture.open() != nullptr);
  successor->pump();
  CHECK(successor->end.recorder.streams.size() == 1);
}

TEST_CASE("a tunnel leaves the directory as the machine that it has entered as, also where its HELLO is a breach") {
  uv::Loop loop;
  AnyMachine authority;
  MachineDirectory directory(1);
  TunnelRegistry registry(loop, {}, authority, &directory, 0);
  test::FarAgent agent(loop);
  std::unique_ptr<transport::Connection> connection = agent.connection();
  connection->start();
  tunnel::pb::Hello message = hello(0);
  message.set_initial_window_bytes(tunnel::kMaxCreditBytes + 1U);
  tunnel::test::Payload begun(Bytes(tunnel::test::frame(tunnel::FrameType::kHello, 0, 0, message.SerializeAsString())));
  REQUIRE(directory.enter(kMachine) == 0);
  registry.adopt(std::move(connection), begun.span(), kMachine);
  CHECK(directory.machines() == std::vector<size_t>{1});
  agent.hang_up();
  CHECK(directory.machines() == std::vector<size_t>{0});
}

}  // namespace
}  // namespace ingress::broker
