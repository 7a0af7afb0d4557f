// The clocks and the randomness that the product asks for, answered from the run in hand: the real ones would make two
// runs of a seed differ.
#include <sys/random.h>

#include <chrono>
#include <cstring>
#include <ctime>

#include "tests/sim/kernel.h"
#include "tests/sim/seeded_bytes.h"

namespace {

using ingress::sim::Kernel;
using ingress::sim::Micros;

// 2026-01-01, so that no wall time is before its epoch.
constexpr Micros kWallStart{std::chrono::seconds(1767225600)};

Micros virtual_now() {
  return Kernel::current == nullptr ? ingress::sim::EventQueue::kStart : Kernel::current->network().events().now();
}

}  // namespace

namespace ingress::sim {

void seeded_bytes(void* to, size_t size) {
  auto* bytes = static_cast<uint8_t*>(to);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = Kernel::current == nullptr ? 7 : static_cast<uint8_t>(Kernel::current->network().random().next());
  }
}

}  // namespace ingress::sim

// Of the executable, and so before those of libstdc++.
std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept { return time_point(virtual_now()); }

std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept {
  return time_point(kWallStart + virtual_now());
}

// The names are the linker's.
extern "C" {

int __real_clock_gettime(clockid_t clock, timespec* to);

// Of the product's clocks this one is asked by its name.
int __wrap_clock_gettime(clockid_t clock, timespec* to) {
  if (clock != CLOCK_BOOTTIME || Kernel::current == nullptr) return __real_clock_gettime(clock, to);
  to->tv_sec = virtual_now().count() / 1000000;
  to->tv_nsec = virtual_now().count() % 1000000 * 1000;
  return 0;
}

time_t __wrap_time(time_t* to) {
  const time_t now = std::chrono::duration_cast<std::chrono::seconds>(kWallStart + virtual_now()).count();
  if (to != nullptr) *to = now;
  return now;
}

ssize_t __wrap_getrandom(void* to, size_t size, unsigned) {
  ingress::sim::seeded_bytes(to, size);
  return static_cast<ssize_t>(size);
}

int __wrap_RAND_bytes(unsigned char* to, int size) {
  ingress::sim::seeded_bytes(to, static_cast<size_t>(size));
  return 1;
}

}  // extern "C"
