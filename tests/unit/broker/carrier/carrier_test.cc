#include "broker/carrier/carrier.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "proto/tunnel.pb.h"
#include "tests/unit/broker/tunnel/far_agent.h"

namespace ingress::broker {
namespace {

struct AnyMachine final : TunnelAuthority {
  Verdict check(std::string_view, std::string_view) override { return Verdict::kGood; }
  bool config_of(std::string_view, tunnel::pb::Config&) override { return false; }
};

// Holds every machine, and opens no stream.
struct DrainingGeneration final : OtherGenerations {
  bool hold(std::string_view) const override { return true; }
  tunnel::Stream* open(std::string_view, const tunnel::OpenHead&, bool, tunnel::StreamHandler*, Error& why) override {
    why = {ErrorCode::kMachineUnavailable, Side::kTunnel, true, 0, "draining"};
    return nullptr;
  }
};

TEST_CASE("a machine whose tunnels are full here is not waited for, though another generation is said to hold it") {
  uv::Loop loop;
  AnyMachine authority;
  tunnel::SessionLimits limits;
  limits.max_streams = 1;
  TunnelRegistry registry(loop, {.limits = limits}, authority);
  Carrier carrier(registry);
  DrainingGeneration other;
  carrier.set_others(other);
  test::FarAgent agent(loop);
  tunnel::OpenHead head;
  head.port = 3000;
  head.request.method = "GET";
  head.request.target = "/";
  tunnel::test::Recorder stream;
  Error why;
  CHECK_FALSE(carrier.open("mach_1", head, true, &stream, why));
  CHECK(why.code == ErrorCode::kMachineUnavailable);
  std::unique_ptr<transport::Connection> connection = agent.connection();
  connection->start();
  registry.adopt(std::move(connection));
  tunnel::pb::Hello hello;
  hello.add_versions(1);
  hello.set_machine("mach_1");
  hello.set_instance(std::string(16, 'i'));
  agent.end.session.send_hello(hello);
  agent.pump();
  CarriedStream first = carrier.open("mach_1", head, true, &stream, why);
  CHECK(first);
  CHECK_FALSE(carrier.open("mach_1", head, true, &stream, why));
  CHECK(why.code == ErrorCode::kOverloaded);
  first.abandon(tunnel::ResetCode::kCancelled);
  agent.hang_up();
}

}  // namespace
}  // namespace ingress::broker
