// sim [--seed S] [--count N] [--jobs J] [--trace] [--replay] [--plant BUG|all]: runs the seeds S … S + N - 1, says
// which of them break a rule, and exits with 1 where one does. --trace runs one seed and tells all that happened in it.
// --replay runs each seed twice, in another order the second time, and holds what happened against each other. --plant
// switches a planted bug on; with "all" each in turn, until it is found, and exits with 1 where one is not.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/log.h"
#include "tests/sim/arena.h"
#include "tests/sim/planted.h"
#include "tests/sim/seed_run.h"
#include "tests/sim/workers.h"

namespace {

using namespace ingress::sim;

struct Options {
  SeedRange range;
  unsigned jobs = 1;
  bool trace = false;
  bool replay = false;
  std::string plant;
  bool good = true;
};

bool is_known(std::string_view bug) {
  const auto bugs = planted_bugs();
  return std::any_of(bugs.begin(), bugs.end(), [bug](const PlantedBug& each) { return each.name == bug; });
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--trace") {
      options.trace = true;
      continue;
    }
    if (word == "--replay") {
      options.replay = true;
      continue;
    }
    ++i;
    if (word == "--seed") {
      options.range.first = std::strtoull(value, nullptr, 10);
    } else if (word == "--count") {
      options.range.count = std::strtoull(value, nullptr, 10);
    } else if (word == "--jobs") {
      options.jobs = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    } else if (word == "--plant") {
      options.plant = value;
    } else {
      options.good = false;
    }
  }
  const bool known = options.plant.empty() || options.plant == "all" || is_known(options.plant);
  options.good = options.good && known && options.range.first > 0 && options.range.count > 0 && options.jobs > 0;
  return options;
}

// Each in worker processes, which take what is planted from here.
int plant_all(const Options& options, const std::string& folder) {
  int missed = 0;
  for (const PlantedBug& bug : planted_bugs()) {
    plant(bug.name);
    const RangeResult result = run_range(options.range, options.jobs, true, folder);
    if (result.bad == 0) ++missed;
    const std::string where = result.bad == 0 ? "NOT FOUND" : "found by seed " + std::to_string(result.first_bad);
    std::printf("planted %s (%s): %s\n", std::string(bug.name).c_str(), std::string(bug.what).c_str(), where.c_str());
  }
  std::printf("%zu planted bugs, %d of them not found in %llu seeds\n", planted_bugs().size(), missed,
              static_cast<unsigned long long>(options.range.count));
  return missed == 0 ? 0 : 1;
}

int trace(uint64_t seed, const std::string& folder) {
  ingress::log_setup(ingress::LogFormat::kText, ingress::LogLevel::kDebug);
  warm_up(folder);
  return run_seed(seed, Tracing::kTold, folder, kHasArena).good ? 0 : 1;
}

// A seed's run depends on the seed alone, and not on the runs before it.
int replay(SeedRange range, const std::string& folder) {
  warm_up(folder);
  std::vector<uint64_t> digests;
  for (uint64_t i = 0; i < range.count; ++i) {
    digests.push_back(run_seed(range.first + i, Tracing::kDigest, folder, kHasArena).digest);
  }
  int differ = 0;
  for (uint64_t i = range.count; i > 0; --i) {
    const uint64_t seed = range.first + i - 1;
    if (run_seed(seed, Tracing::kDigest, folder, kHasArena).digest == digests[i - 1]) continue;
    std::printf("seed %llu: its second run differs from its first\n", static_cast<unsigned long long>(seed));
    ++differ;
  }
  std::printf("%llu seeds, each run twice: %d differ\n", static_cast<unsigned long long>(range.count), differ);
  return differ == 0 ? 0 : 1;
}

int run(const Options& options, const std::string& folder) {
  const RangeResult result = run_range(options.range, options.jobs, false, folder);
  std::printf("%llu seeds, %llu of them break a rule\n", static_cast<unsigned long long>(options.range.count),
              static_cast<unsigned long long>(result.bad));
  if (result.bad == 0) return 0;
  std::printf("to see what happens: sim --trace --seed %llu\n", static_cast<unsigned long long>(result.first_bad));
  return 1;
}

int start(const Options& options, const std::string& folder) {
  if (options.plant == "all") return plant_all(options, folder);
  if (options.replay) return replay(options.range, folder);
  if (options.trace) return trace(options.range.first, folder);
  return run(options, folder);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (!options.good) {
    std::fputs("usage: sim [--seed S] [--count N] [--jobs J] [--trace] [--replay] [--plant BUG|all]\n", stderr);
    return 2;
  }
  char folder[] = "/dev/shm/ingress_sim_XXXXXX";
  if (mkdtemp(folder) == nullptr) return 2;
  ingress::log_setup(ingress::LogFormat::kText, ingress::LogLevel::kError);
  if (options.plant != "all") plant(options.plant);
  const int code = start(options, folder);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}
