#include "broker/client/proxy_door.h"

#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "tests/unit/common/uv/socket_pair.h"

namespace ingress::broker {

TEST_CASE("a connection that was dropped while its header was waited for is not refused by its deadline") {
  test::Pair pair(test::loopback());
  int through = 0;
  ProxyDoor door(pair.loop, [&through](std::unique_ptr<uv::Socket>, bool) { ++through; });
  door.take(std::move(pair.server->socket), false);
  CHECK_FALSE(door.empty());
  // In one turn.
  door.close_all();
  pair.loop.deadlines().advance(pair.loop.now() + 2 * ProxyDoor::kPatience);
  CHECK(door.empty());
  CHECK(door.refused() == 0);
  CHECK(through == 0);
}

}  // namespace ingress::broker
