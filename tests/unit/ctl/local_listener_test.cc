#include "ctl/local_listener.h"

#include <doctest/doctest.h>

using namespace ingress::ctl;

namespace {

std::string read(std::string_view text) {
  const Outcome<LocalForward> forward = LocalForward::parse(text);
  if (!forward) return forward.error().exit_code == 2 ? "usage" : "?";
  return forward->bind + " " + std::to_string(forward->port) + " " + forward->target;
}

}  // namespace

TEST_CASE("a forward is as ssh writes it") {
  CHECK(read("5432:mach_1:5432") == "127.0.0.1 5432 mach_1:5432");
  CHECK(read("0:misha.iterate.app:22") == "127.0.0.1 0 misha.iterate.app:22");
  CHECK(read("0.0.0.0:80:mach_1:3000") == "0.0.0.0 80 mach_1:3000");
  CHECK(read("*:80:mach_1:3000") == "0.0.0.0 80 mach_1:3000");
  CHECK(read("localhost:80:mach_1:3000") == "127.0.0.1 80 mach_1:3000");
  CHECK(read("[::1]:80:mach_1:3000") == "::1 80 mach_1:3000");
}

TEST_CASE("what is no forward is wrong usage") {
  for (const char* text :
       {"", "22", "mach_1:22", ":mach_1:22", "x:mach_1:22", "80:mach_1:", "80::22", "80:mach_1:0", "80:mach_1:65536",
        "65536:mach_1:22", "name:80:mach_1:22", "80:mach_1:022", "80:[::1]:22", "80:mach 1:22"}) {
    CAPTURE(text);
    CHECK(read(text) == "usage");
  }
}

TEST_CASE("what is connected to is a machine or a host with a port, as the broker reads it") {
  for (const char* good : {"mach_1:22", "mach-1:65535", "4096__misha.iterate.app:1", "Misha.iterate.app:80"}) {
    CAPTURE(good);
    CHECK(is_far_target(good));
  }
  for (const char* bad : {"mach_1:022", "mach_1:22:33", "[::1]:22", "::1:22", "mach_1: 22", "mach_1:+22", "mach_1:0",
                          ":22", "mach_1:", "mach_1", "mach 1:22", "mach/1:22"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_far_target(bad));
  }
}
