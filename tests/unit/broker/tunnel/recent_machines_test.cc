#include "broker/tunnel/recent_machines.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace ingress;
using ingress::broker::RecentMachines;

namespace {

constexpr int64_t kUnixNow = 1'764'400'000;
constexpr Time kNow{std::chrono::hours(5)};

struct Folder {
  Folder() { REQUIRE(mkdtemp(path) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file() const { return std::string(path) + "/routes.db.recent"; }
  char path[32] = "/tmp/ingress-recent-XXXXXX";
};

}  // namespace

TEST_CASE("a machine that went elsewhere was there lately, unless it is here") {
  RecentMachines recent;
  recent.came("mach_here");
  recent.went_elsewhere("mach_here", kNow);
  recent.went_elsewhere("mach_1", kNow);
  CHECK(recent.lately("mach_1", kNow + RecentMachines::kLately - Duration(1)));
  CHECK_FALSE(recent.lately("mach_1", kNow + RecentMachines::kLately));
  CHECK(recent.lately("mach_here", kNow + std::chrono::hours(100)));
  CHECK(recent.up("mach_here"));
  CHECK_FALSE(recent.up("mach_1"));
  CHECK(recent.up() == std::vector<std::string>{"mach_here"});
}

TEST_CASE("a machine was there lately while it has a tunnel, and for ten minutes after the last one") {
  RecentMachines recent;
  CHECK_FALSE(recent.lately("mach_1", kNow));
  recent.came("mach_1");
  CHECK(recent.lately("mach_1", kNow + std::chrono::hours(100)));
  recent.went("mach_1", kNow);
  CHECK(recent.lately("mach_1", kNow + RecentMachines::kLately - Duration(1)));
  CHECK_FALSE(recent.lately("mach_1", kNow + RecentMachines::kLately));
  CHECK_FALSE(recent.lately("mach_2", kNow));
}

TEST_CASE("the next process knows who was there, and when who was not any more went") {
  Folder folder;
  RecentMachines before;
  before.came("mach_up");
  before.went("mach_gone", kNow - std::chrono::minutes(9));
  before.went("mach_old", kNow - std::chrono::minutes(11));
  REQUIRE(before.save(folder.file(), kNow, kUnixNow));
  // An hour of another clock, a minute later.
  const Time later{std::chrono::minutes(2)};
  RecentMachines after;
  after.load(folder.file(), later, kUnixNow + 30);
  CHECK(after.lately("mach_up", later));
  CHECK(after.lately("mach_gone", later));
  CHECK_FALSE(after.lately("mach_gone", later + std::chrono::minutes(1)));
  CHECK_FALSE(after.lately("mach_old", later));
  CHECK_FALSE(after.lately("mach_up", later + RecentMachines::kLately));
}

TEST_CASE("the file is written when something has changed, and a failure is tried again") {
  Folder folder;
  RecentMachines recent;
  CHECK(recent.save(folder.file(), kNow, kUnixNow));
  CHECK_FALSE(std::filesystem::exists(folder.file()));
  recent.came("mach_1");
  CHECK_FALSE(recent.save(std::string(folder.path) + "/no/such/folder", kNow, kUnixNow));
  CHECK(recent.save(folder.file(), kNow, kUnixNow));
  CHECK(std::filesystem::exists(folder.file()));
}

TEST_CASE("a file that is none, or comes from the future, says nothing") {
  Folder folder;
  {
    std::ofstream file(folder.file());
    file << "mach_1\nmach_2 soon\nmach_3 " << kUnixNow + 1000 << "\n\x01\x02\nmach_4 " << kUnixNow - 5 << "\n";
  }
  RecentMachines recent;
  recent.load(folder.file(), kNow, kUnixNow);
  recent.load(folder.file() + ".none", kNow, kUnixNow);
  for (const char* machine : {"mach_1", "mach_2", "mach_3"}) CHECK_FALSE(recent.lately(machine, kNow));
  CHECK(recent.lately("mach_4", kNow));
}
