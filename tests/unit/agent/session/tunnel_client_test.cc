#include "agent/session/tunnel_client.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "common/uv/timer.h"
#include "tests/unit/agent/session/fake_broker.h"
#include "tests/unit/agent/session/test_agent.h"
#include "tests/unit/agent/session/test_loop.h"

using namespace ingress;
using namespace ingress::agent;
using namespace ingress::agent::test;

namespace {

class Bystander final : public TunnelClientOwner {
 public:
  void on_tunnel_welcome(TunnelClient&) override {}
  void on_tunnel_change(TunnelClient&) override {}
  void on_tunnel_config(const tunnel::pb::Config&) override {}
  void on_tunnel_trouble(const char*, std::string) override {}
  void on_tunnel_replaced(TunnelClient&) override {}
  void on_tunnel_taken(TunnelClient&) override {}
  void on_tunnel_closed(TunnelClient&) override {}
};

// One slot, without its set.
struct Slot {
  Slot() { client.start(); }
  ~Slot() {
    broker.on_hello = [](FakeBroker::End&) {};  // the test is over
    client.close();
    CHECK(run_until(loop, [this] { return client.closed(); }));
  }

  uv::Loop loop;
  FakeBroker broker{loop};
  Agent agent{loop, broker.port, broker.folder.ca_file};
  BrokerAddresses addresses{1};
  Bystander owner;
  TunnelClient client{loop, agent.config, agent.streams, 0, addresses, [] { return 0.5; }, owner};
};

constexpr Duration kOften = TunnelClient::kYoungAttempt + Duration{100};

}  // namespace

TEST_CASE("a network that changes every second lets an attempt end that takes longer") {
  Slot slot;
  // As one that asks first who holds the machine.
  std::vector<std::unique_ptr<uv::Timer>> welcomes;
  slot.broker.on_hello = [&slot, &welcomes](FakeBroker::End& end) {
    welcomes.push_back(std::make_unique<uv::Timer>(slot.loop, [&end] { end.welcome(); }));
    welcomes.back()->start(Duration{1500});
  };
  int changes = 0;
  uv::Timer network(slot.loop, [&slot, &changes] {
    ++changes;
    slot.client.network_changed();
  });
  network.start(kOften, kOften);
  REQUIRE(run_until(slot.loop, [&slot, &changes] { return slot.client.serving() || changes == 8; }));
  CHECK(slot.client.serving());
}

TEST_CASE("the HELLO of an attempt that is given up is not sent again: its connection is reset") {
  Slot slot;
  FakeBroker::End* first = nullptr;
  slot.broker.on_hello = [&first](FakeBroker::End& end) {
    if (first == nullptr) first = &end;
  };
  REQUIRE(run_until(slot.loop, [&first] { return first != nullptr; }));
  uv::Timer network(slot.loop, [&slot] { slot.client.network_changed(); });
  network.start(kOften);
  REQUIRE(run_until(slot.loop, [&first] { return first->gone; }));
  CHECK(first->was_reset);
}
