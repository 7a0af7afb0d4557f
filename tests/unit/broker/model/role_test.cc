#include "broker/model/role.h"

#include <doctest/doctest.h>

using namespace ingress::broker;

TEST_CASE("roles are read, write, of a project, or for one machine's ports") {
  CHECK(parse_role("read") == Role{RoleKind::kRead});
  CHECK(parse_role("write") == Role{RoleKind::kWrite});
  CHECK(parse_role("project:misha") == Role{RoleKind::kProject, "misha"});
  CHECK(parse_role("tcp:mach_1:22") == Role{RoleKind::kTcp, "", "mach_1", 22});
  CHECK(parse_role("tcp:mach_1:*") == Role{RoleKind::kTcp, "", "mach_1", 0});
  CHECK(tcp_role_text("mach_1", 22) == "tcp:mach_1:22");
  CHECK(tcp_role_text("mach_1", 0) == "tcp:mach_1:*");
}

TEST_CASE("what is no role is none") {
  for (const char* text : {"", "full", "Read", "project:", "project:a b", "tcp", "tcp:", "tcp:mach_1",
                           "tcp:mach_1:", "tcp:mach_1:0", "tcp:mach_1:022", "tcp:mach_1:65536", "tcp:mach_1:+22",
                           "tcp::22", "tcp:a b:22", "tcp:*:22", "tcp:mach_1:22:23"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_role(text).has_value());
  }
}
