// The power goes in the middle of any write, again and again: every acknowledged change is there after it.
#include "tests/unit/broker/store/lossy_store.h"

namespace ingress::broker {
namespace {

struct Losses {
  int cuts = 0;
  int broken = 0;     // cuts after which a promise was broken
  std::string first;  // how, and by which seed
};

// A store at work, until the power goes.
void cut_at_work(LossyStore& store, std::mt19937& random) {
  constexpr uint32_t kMostOperations = 500;
  store.disk.cut_at(1 + random() % kMostOperations);
  if (store.open()) {
    while (store.commit()) {
    }
  }
  REQUIRE(store.disk.is_off());
  store.close();
}

// A store that ends in order: the power goes while it folds its log into the file, or when all is done.
void cut_at_the_end(LossyStore& store, std::mt19937& random) {
  constexpr uint32_t kMostCommits = 20;
  constexpr uint32_t kMostOperations = 100;
  REQUIRE(store.open());
  for (uint32_t left = random() % kMostCommits; left > 0; --left) REQUIRE(store.commit());
  store.disk.cut_at(1 + random() % kMostOperations);
  store.close();
}

// Three cuts on one disk. The log is folded into the file every 30 pages on every other disk (the store does so every
// 1000), so that cuts fall into that as well.
void lose_power(uint32_t seed, const std::string& pragmas, Losses& losses) {
  const std::string all = pragmas + (seed % 2 == 0 ? "PRAGMA wal_autocheckpoint = 30;" : "");
  LossyStore store(seed, all.c_str());
  std::mt19937 random(seed);
  constexpr int kCuts = 3;
  for (int cut = 0; cut < kCuts; ++cut) {
    if (random() % 3 == 0) {
      cut_at_the_end(store, random);
    } else {
      cut_at_work(store, random);
    }
    store.disk.restart(random());
    ++losses.cuts;
    const std::string broken = store.open() ? store.broken_promise() : "the file cannot be opened";
    store.close();
    if (broken.empty()) continue;
    if (losses.broken++ == 0) losses.first = "seed " + std::to_string(seed) + ": " + broken;
    return;
  }
}

Losses lose_power_of(uint32_t disks, const char* pragmas) {
  Losses losses;
  for (uint32_t seed = 1; seed <= disks; ++seed) lose_power(seed, pragmas, losses);
  return losses;
}

TEST_CASE("a power cut at any write loses no acknowledged change and damages nothing") {
  const Losses losses = lose_power_of(150, "");
  CHECK(losses.cuts == 450);
  CHECK_MESSAGE(losses.broken == 0, losses.first);
}

TEST_CASE("the same cuts do find a store that syncs too little") {
  CHECK(lose_power_of(30, "PRAGMA synchronous = OFF;").broken > 0);
  CHECK(lose_power_of(30, "PRAGMA synchronous = NORMAL;").broken > 0);
}

}  // namespace
}  // namespace ingress::broker
