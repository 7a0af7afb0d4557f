// Runs one seed, and says what is wrong with it.
#pragma once

#include <cstdint>
#include <string>

namespace ingress::sim {

struct SeedResult {
  bool good = true;
  size_t blocks_left = 0;  // of memory
  uint64_t digest = 0;     // of what happened, and of how often loops turned
};

// kQuiet: only problems are printed. kDigest: so, and the digest is taken. kTold: and the trace is printed.
enum class Tracing : uint8_t { kQuiet, kDigest, kTold };

// In a thread of its own, so that what threads keep for themselves begins anew with each seed. Prints the problems, and
// before them the trace where that is asked. `own_heap`: with the addresses that every run of the seed has.
SeedResult run_seed(uint64_t seed, Tracing tracing, const std::string& folder, bool own_heap = true);

// Makes what a process makes once and keeps, so that no run has to: silently. Before the first run_seed with
// `own_heap`.
void warm_up(const std::string& folder);

}  // namespace ingress::sim
