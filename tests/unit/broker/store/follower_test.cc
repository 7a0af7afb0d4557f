#include "broker/store/follower.h"

#include <filesystem>
#include <functional>
#include <optional>

#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

// Follows the file that a store on the same loop changes.
class FollowerFixture : public StoreFixture {
 public:
  void follow(int64_t revision) {
    follower.emplace(loop, path, revision, [this](const Transaction& transaction, std::function<void()> applied) {
      CHECK(next == nullptr);  // one at a time
      for (const Change& change : transaction.changes) told.push_back(std::get<PutMachine>(change).machine.id);
      next = std::move(applied);
      if (at_once) std::exchange(next, nullptr)();
      if (told.size() == wanted) answered();
    });
  }
  // Until so many machines are told of.
  void wait_told(size_t count) {
    wanted = count;
    if (told.size() < count) wait(1);
  }

  std::vector<std::string> told;
  size_t wanted = 0;
  bool at_once = true;
  std::function<void()> next;
  std::optional<Follower> follower;
};

using Ids = std::vector<std::string>;

TEST_CASE_FIXTURE(FollowerFixture, "what is committed after the revision is told of, once and in order") {
  done(PutMachine{machine("m1"), true});
  follow(done(PutMachine{machine("m2"), true}));
  done(PutMachine{machine("m3"), true});
  done(PutMachine{machine("m4"), true});
  wait_told(2);
  done(PutMachine{machine("m5"), true});
  wait_told(3);
  CHECK(told == Ids{"m3", "m4", "m5"});
}

TEST_CASE_FIXTURE(FollowerFixture, "a file that was closed and opened again meanwhile is followed on") {
  follow(done(PutMachine{machine("m1"), true}));
  reopen();
  done(PutMachine{machine("m2"), true});
  wait_told(1);
  done(PutMachine{machine("m3"), true});
  store.reset();
  wait_told(2);
  reopen();
  done(PutMachine{machine("m4"), true});
  wait_told(3);
  CHECK(told == Ids{"m2", "m3", "m4"});
}

TEST_CASE_FIXTURE(FollowerFixture, "many changes come in parts, the next when the last is applied") {
  const int64_t revision = done(PutMachine{machine("m"), true});
  std::vector<Change> changes;
  changes.reserve(2500);
  for (int i = 0; i < 2500; ++i) changes.emplace_back(PutMachine{machine("n" + std::to_string(i)), true});
  at_once = false;
  follow(revision);
  REQUIRE(commit(std::move(changes)).has_value());
  wait_told(1000);
  std::exchange(next, nullptr)();
  wait_told(2000);
  std::exchange(next, nullptr)();
  wait_told(2500);
  CHECK(told.front() == "n0");
  CHECK(told.back() == "n2499");
  // It ends, too, while what it told is not applied.
}

TEST_CASE_FIXTURE(FollowerFixture, "a file that nobody has open is read, and nothing is put beside it") {
  const int64_t revision = done(PutMachine{machine("m1"), true});
  done(PutMachine{machine("m2"), true});
  store.reset();
  follow(revision);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  wait_told(1);
  CHECK(told == Ids{"m2"});
  follower.reset();
  CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  CHECK_FALSE(std::filesystem::exists(path + "-shm"));
}

}  // namespace
}  // namespace ingress::broker
