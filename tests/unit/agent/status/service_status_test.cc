#include "agent/status/service_status.h"

#include <doctest/doctest.h>

using namespace ingress::agent;

TEST_CASE("an agent is ready with its first tunnel, and says so once") {
  ServiceStatus status("broker.example");
  CHECK(status.on_start() == "STATUS=connecting to broker.example");
  CHECK(status.on_tunnels(0, 2) == "STATUS=0 of 2 tunnels up");
  CHECK(status.on_tunnels(1, 2) == "READY=1\nSTATUS=1 of 2 tunnels up");
  CHECK(status.on_tunnels(2, 2) == "STATUS=2 of 2 tunnels up");
  CHECK(status.on_ready_wait_over(true).empty());
  CHECK(status.on_ready_wait_over(false).empty());
}

TEST_CASE("an agent whose broker is away is ready after a while, and says that it has no tunnel") {
  ServiceStatus status("broker.example");
  CHECK(status.on_ready_wait_over(true) == "READY=1\nSTATUS=no tunnel yet, connecting to broker.example");
  CHECK(status.on_tunnels(1, 1) == "STATUS=1 of 1 tunnels up");
}

TEST_CASE("an agent beside another that may serve is ready after a while, and leaves the status to that") {
  ServiceStatus status("broker.example");
  CHECK(status.on_ready_wait_over(false) == "READY=1");
  CHECK(status.on_tunnels(1, 1) == "STATUS=1 of 1 tunnels up");
}
