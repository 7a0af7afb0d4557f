#include "tests/sim/workers.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/sim/arena.h"
#include "tests/sim/seed_run.h"

namespace ingress::sim {
namespace {

// What a worker says; in memory that it shares with who started it.
struct Slice {
  uint64_t next = 0;  // the seed that is running, or is to be run
  uint64_t end = 0;
  uint64_t bad = 0;
  uint64_t first_bad = 0;
  pid_t pid = 0;

  void note_bad(uint64_t seed) {
    ++bad;
    if (first_bad == 0) first_bad = seed;
  }
};

[[noreturn]] void work(Slice& slice, bool until_bad, const std::string& parent_folder) {
  const std::string folder = parent_folder + "/" + std::to_string(getpid());
  mkdir(folder.c_str(), 0700);
  warm_up(folder);
  while (slice.next < slice.end) {
    const uint64_t seed = slice.next;
    const SeedResult result = run_seed(seed, Tracing::kQuiet, folder, kHasArena);
    slice.next = seed + 1;
    if (result.good) continue;
    slice.note_bad(seed);
    // Memory that is left is in the way of the next run's.
    if (until_bad || result.blocks_left > 0) break;
  }
  std::fflush(stdout);
  // Where memory is not counted here, LeakSanitizer counts it at the exit.
  kHasArena ? std::_Exit(0) : std::exit(0);  // NOLINT(concurrency-mt-unsafe): one thread is left
}

void start(Slice& slice, bool until_bad, const std::string& folder) {
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) work(slice, until_bad, folder);
  slice.pid = pid;
}

// False where nothing of it is left to be done.
bool go_on(Slice& slice, int status, bool until_bad) {
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::printf("seed %llu: the run died (%s %d)\n", static_cast<unsigned long long>(slice.next),
                WIFSIGNALED(status) ? "signal" : "exit code",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    slice.note_bad(slice.next++);
  }
  return slice.next < slice.end && !(until_bad && slice.bad > 0);
}

}  // namespace

RangeResult run_range(SeedRange range, unsigned jobs, bool until_bad, const std::string& folder) {
  const size_t bytes = jobs * sizeof(Slice);
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* const slices = static_cast<Slice*>(memory);
  unsigned running = 0;
  for (unsigned i = 0; i < jobs; ++i) {
    slices[i] = {range.first + range.count * i / jobs, range.first + range.count * (i + 1) / jobs, 0, 0, 0};
    if (slices[i].next == slices[i].end) continue;
    start(slices[i], until_bad, folder);
    ++running;
  }
  while (running > 0) {
    int status = 0;
    const pid_t pid = wait(&status);
    if (pid < 0) break;
    Slice* const slice = std::find_if(slices, slices + jobs, [pid](const Slice& each) { return each.pid == pid; });
    if (slice == slices + jobs) continue;
    if (go_on(*slice, status, until_bad)) {
      start(*slice, until_bad, folder);
    } else {
      --running;
    }
  }
  RangeResult result;
  for (unsigned i = 0; i < jobs; ++i) {
    result.bad += slices[i].bad;
    if (slices[i].first_bad != 0 && (result.first_bad == 0 || slices[i].first_bad < result.first_bad)) {
      result.first_bad = slices[i].first_bad;
    }
  }
  munmap(memory, bytes);
  return result;
}

}  // namespace ingress::sim
