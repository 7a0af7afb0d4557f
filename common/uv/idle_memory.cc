#include "common/uv/idle_memory.h"

#include <malloc.h>
#include <uv.h>

#include <algorithm>

namespace ingress::uv {
namespace {

Duration cpu_of_process() {
  uv_rusage_t usage{};
  if (uv_getrusage(&usage) != 0) return Duration{0};
  const auto milliseconds = [](const uv_timeval_t& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; };
  return Duration{milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)};
}

// Resident, and not memory that the program has allocated.
size_t spare_bytes() {
  size_t resident = 0;
  if (uv_resident_set_memory(&resident) != 0) return 0;
  const struct mallinfo2 heap = mallinfo2();
  return resident - std::min(resident, heap.uordblks + heap.hblkhd);
}

}  // namespace

IdleMemory::IdleMemory(Loop& loop, void (*release)()) : release_(release), ticker_(loop, [this] { tick(); }) {
  ticker_.start(IdleMemoryRule::kPeriod, IdleMemoryRule::kPeriod);
  ticker_.unref();
}

void IdleMemory::tick() {
  if (rule_.due(cpu_of_process(), spare_bytes())) release_();
}

}  // namespace ingress::uv
