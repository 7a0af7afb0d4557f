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

}  // namespace

TEST_CASE("a network that changes every second lets an attempt end that takes longer") {
  uv::Loop loop;
  FakeBroker broker(loop);
  // As one that asks first who holds the machine.
  std::vector<std::unique_ptr<uv::Timer>> welcomes;
  broker.on_hello = [&loop, &welcomes](FakeBroker::End& end) {
    welcomes.push_back(std::make_unique<uv::Timer>(loop, [&end] { end.welcome(); }));
    welcomes.back()->start(Duration{1500});
  };
  Agent agent(loop, broker.port, broker.folder.ca_file);
  BrokerAddresses addresses(1);
  Bystander owner;
  TunnelClient client(
      loop, agent.config, agent.streams, 0, addresses, [] { return 0.5; }, owner);
  client.start();
  int changes = 0;
  uv::Timer network(loop, [&client, &changes] {
    ++changes;
    client.network_changed();
  });
  constexpr Duration kOften = TunnelClient::kYoungAttempt + Duration{100};
  network.start(kOften, kOften);
  REQUIRE(run_until(loop, [&client, &changes] { return client.serving() || changes == 8; }));
  CHECK(client.serving());
  network.stop();
  client.close();
  REQUIRE(run_until(loop, [&client] { return client.closed(); }));
}
