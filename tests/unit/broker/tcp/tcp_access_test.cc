#include "broker/tcp/tcp_access.h"

#include <doctest/doctest.h>

#include <ctime>

#include "tests/unit/broker/routing/index_fixture.h"

using namespace ingress;
using namespace ingress::broker;
using namespace ingress::broker::tcp;

namespace {

struct Machines : IndexFixture {
  Machines() {
    machine("mach_1");
    machine("mach_2");
    machine("old", MachineState::kArchived);
    project("misha", "mach_1");
    project("other", "");
    Machine owned = *index.machine("mach_2");
    owned.owner = "other";
    apply(PutMachine{owned});
  }
  // "mach_1:22", or the refusal's code.
  std::string at(std::string_view target, const Role& role = {}) const {
    const Result<TcpTarget> found = find_target(index, role, target);
    if (!found) return std::string(name_of(found.error().code));
    return found->machine + ":" + std::to_string(found->port);
  }
};

}  // namespace

TEST_CASE("a machine is named by its id, another spelling of it, or a host that leads to it") {
  const Machines machines;
  CHECK(machines.at("mach_1:22") == "mach_1:22");
  CHECK(machines.at("mach-1:22") == "mach_1:22");
  CHECK(machines.at("mach_1.machines.iterate.app:22") == "mach_1:22");
  CHECK(machines.at("misha.iterate.app:22") == "mach_1:22");
  CHECK(machines.at("mach_9:22") == "machine_not_found");
  CHECK(machines.at("old:22") == "machine_not_routable");
}

TEST_CASE("a port is a number from 1 to 65535") {
  const Machines machines;
  for (const char* target : {"mach_1", "mach_1:", "mach_1:0", "mach_1:65536", "mach_1:ssh", "mach_1:022", ":22x", ""}) {
    CAPTURE(target);
    CHECK(machines.at(target) == "invalid_port");
  }
}

TEST_CASE("a role reaches what it says") {
  Machines machines;
  CHECK(machines.at("mach_1:22", {RoleKind::kWrite}) == "mach_1:22");
  CHECK(machines.at("mach_1:22", {RoleKind::kRead}) == "forbidden");
  CHECK(machines.at("mach_1:22", {RoleKind::kTcp, "", "mach_1", 22}) == "mach_1:22");
  CHECK(machines.at("mach_1:23", {RoleKind::kTcp, "", "mach_1", 22}) == "forbidden");
  CHECK(machines.at("mach_2:22", {RoleKind::kTcp, "", "mach_1", 22}) == "forbidden");
  CHECK(machines.at("mach_1:23", {RoleKind::kTcp, "", "mach_1", 0}) == "mach_1:23");
  CHECK(machines.at("mach_1:22", {RoleKind::kProject, "misha"}) == "mach_1:22");
  CHECK(machines.at("mach_2:22", {RoleKind::kProject, "other"}) == "mach_2:22");
  CHECK(machines.at("mach_2:22", {RoleKind::kProject, "misha"}) == "machine_not_found");
  machines.suspend("misha");
  CHECK(machines.at("mach_1:22", {RoleKind::kProject, "misha"}) == "machine_not_found");
}

TEST_CASE("what is open ends with its machine's time, whoever opened it") {
  Machines machines;
  const TcpTarget ssh{"mach_1", 22};
  for (const Role& role : {Role{}, Role{RoleKind::kTcp, "", "mach_1", 22}}) {
    Machine timed = *machines.index.machine("mach_1");
    timed.expires_at = std::time(nullptr) + 3600;
    machines.apply(PutMachine{timed});
    CHECK(still_reaches(machines.index, role, ssh));
    timed.expires_at = 1;
    machines.apply(PutMachine{timed});
    CHECK_FALSE(still_reaches(machines.index, role, ssh));
  }
}

TEST_CASE("what a tenant's token has open ends with its project's suspension, and the operator's stays") {
  Machines machines;
  const TcpTarget ssh{"mach_1", 22};
  const Role of_port{RoleKind::kTcp, "", "mach_1", 22};
  const Role of_project{RoleKind::kProject, "misha"};
  CHECK(still_reaches(machines.index, of_port, ssh));
  CHECK(still_reaches(machines.index, of_project, ssh));
  CHECK_FALSE(still_reaches(machines.index, of_port, {"mach_1", 23}));
  machines.suspend("misha");
  CHECK(may_connect(machines.index, of_port, ssh));
  CHECK_FALSE(still_reaches(machines.index, of_port, ssh));
  CHECK_FALSE(still_reaches(machines.index, of_project, ssh));
  CHECK(still_reaches(machines.index, {}, ssh));
  CHECK(still_reaches(machines.index, {RoleKind::kWrite}, ssh));
}
