#include "broker/client/client_intake.h"

#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "tests/unit/common/uv/socket_pair.h"

namespace ingress::broker {

TEST_CASE("a connection that was dropped while its first bytes were waited for goes nowhere by its deadline") {
  RoutingOptions options;
  options.domains = {"iterate.app"};
  options.policies.defaults = load_policy(R"({"auth":"public"})");
  const RouteTable routes(options);
  const MachineDirectory directory(2);
  test::Pair pair(test::loopback());
  int placed = 0;
  ClientIntake intake(
      pair.loop, 0, routes, directory, [&placed](std::unique_ptr<uv::Socket>, bool) { ++placed; },
      [&placed](size_t, const HandedClient&) { ++placed; });
  intake.take(std::move(pair.server->socket), false);
  CHECK_FALSE(intake.empty());
  // In one turn.
  intake.close_all();
  pair.loop.deadlines().advance(pair.loop.now() + 2 * ClientIntake::kPatience);
  CHECK(intake.empty());
  CHECK(placed == 0);
}

}  // namespace ingress::broker
