#include "tests/sim/seed_run.h"

#include <cstdio>
#include <thread>
#include <vector>

#include "common/tunnel/session.h"
#include "proto/tunnel.pb.h"
#include "tests/sim/arena.h"
#include "tests/sim/world.h"

namespace ingress::sim {
namespace {

void run(uint64_t seed, Tracing tracing, const std::string& folder, SeedResult& result) {
  const RunPlan plan = RunPlan::of_seed(seed);
  Trace trace;
  if (tracing != Tracing::kQuiet) trace.turn_on();
  std::vector<std::string> wrong;
  {
    World world(plan, trace, folder);
    wrong = world.run();
    world.end(wrong);
    result.digest = trace.digest() + world.turns();
  }
  if (tracing == Tracing::kTold) {
    for (const std::string& line : trace.lines()) std::printf("  %s\n", line.c_str());
  }
  for (const std::string& line : wrong)
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), line.c_str());
  result.good = wrong.empty();
}

}  // namespace

void warm_up(const std::string& folder) {
  if (!kHasArena) return;
  // Made at their first use, which most runs do not come to.
  static_cast<void>(tunnel::pb::Goaway::Reason_Name(tunnel::pb::Goaway::SHUTDOWN));
  static_cast<void>(tunnel::pb::Refused::Code_Name(tunnel::pb::Refused::BAD_TOKEN));
  std::fflush(stdout);
  FILE* const told = stdout;
  stdout = std::fopen("/dev/null", "w");
  for (uint64_t seed = 1; seed <= 5; ++seed) run_seed(seed, Tracing::kQuiet, folder, false);
  std::fclose(stdout);
  stdout = told;
}

SeedResult run_seed(uint64_t seed, Tracing tracing, const std::string& folder, bool own_heap) {
  SeedResult result;
  std::thread thread([&result, &folder, seed, tracing, own_heap] {
    if (own_heap) arena_begin();
    run(seed, tracing, folder, result);
    arena_end();
  });
  thread.join();
  if (own_heap) result.blocks_left = arena_blocks();
  if (result.blocks_left > 0) {
    std::printf("seed %llu: %zu blocks of memory are left\n", static_cast<unsigned long long>(seed),
                result.blocks_left);
    result.good = false;
  }
  return result;
}

}  // namespace ingress::sim
