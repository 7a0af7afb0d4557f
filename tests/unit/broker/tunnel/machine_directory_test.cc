#include "broker/tunnel/machine_directory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace ingress::broker {
namespace {

std::string name(int number) { return "mach_" + std::to_string(number); }

size_t most(const MachineDirectory& directory) {
  const std::vector<size_t> machines = directory.machines();
  return *std::max_element(machines.begin(), machines.end());
}

TEST_CASE("a machine stays with its loop while it has a tunnel") {
  MachineDirectory directory(3);
  const size_t loop = directory.enter("mach_a");
  CHECK(directory.enter("mach_a") == loop);
  directory.leave("mach_a");
  for (int i = 0; i < 100; ++i) directory.enter(name(i));
  CHECK(directory.enter("mach_a") == loop);
  CHECK(directory.machines()[0] + directory.machines()[1] + directory.machines()[2] == 101);
}

TEST_CASE("machines that come back in another order come to the same loops, where there is room") {
  MachineDirectory directory(2);
  const size_t a = directory.enter("a");
  directory.leave("a");
  CHECK(directory.machines() == std::vector<size_t>{0, 0});
  CHECK(directory.enter("a") == a);
}

TEST_CASE("16 machines are never split worse than 60 to 40 over two loops, whatever their names") {
  for (int first = 0; first < 500; ++first) {
    MachineDirectory directory(2);
    for (int i = 0; i < 16; ++i) directory.enter(name(first * 16 + i));
    REQUIRE(most(directory) <= 9);
  }
}

TEST_CASE("no loop has more than a tenth over its share of a thousand machines") {
  for (const size_t loops : {2, 3, 5, 64}) {
    MachineDirectory directory(loops);
    for (int i = 0; i < 1000; ++i) directory.enter(name(i));
    CHECK(most(directory) <= 1100 / loops + 1);
  }
}

TEST_CASE("newcomers make good what machines that left have left uneven") {
  MachineDirectory directory(2);
  std::vector<std::string> first;
  for (int i = 0; i < 32; ++i) {
    if (directory.enter(name(i)) == 0) first.push_back(name(i));
  }
  for (const std::string& machine : first) directory.leave(machine);
  CHECK(directory.machines()[0] == 0);
  for (int i = 100; i < 100 + static_cast<int>(first.size()); ++i) directory.enter(name(i));
  CHECK(most(directory) <= 18);
}

TEST_CASE("a machine is where a tunnel takes its streams, and nowhere else") {
  MachineDirectory directory(2);
  CHECK_FALSE(directory.serving_loop("a"));
  const size_t loop = directory.enter("a");
  CHECK_FALSE(directory.serving_loop("a"));
  directory.set_serving("a", true);
  CHECK(directory.serving_loop("a") == loop);
  directory.set_serving("a", false);
  CHECK_FALSE(directory.serving_loop("a"));
  directory.set_serving("a", true);
  directory.leave("a");
  CHECK_FALSE(directory.serving_loop("a"));
  directory.leave("a");
  directory.set_serving("a", true);
  CHECK_FALSE(directory.serving_loop("a"));
}

}  // namespace
}  // namespace ingress::broker
