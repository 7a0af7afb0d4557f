#include "common/database/database_lock.h"

#include "tests/unit/temporary_folder.h"

namespace ingress::db {
namespace {

TEST_CASE("a database has one holder, and another when that lets go or ends") {
  const TemporaryFolder folder;
  const std::string path = folder.file("routes.db");
  DatabaseLock second;
  {
    DatabaseLock first;
    REQUIRE(first.take(path, Duration{0}).has_value());
    const Status refused = second.take(path, Duration{0});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kConflict);
  }
  REQUIRE(second.take(path, Duration{0}).has_value());
  second.release();
  DatabaseLock third;
  CHECK(third.take(path, Duration{0}).has_value());
}

TEST_CASE("a lock in a folder that is not there fails as io") {
  const TemporaryFolder folder;
  DatabaseLock lock;
  const Status taken = lock.take(folder.file("none/routes.db"), Duration{0});
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().code == ErrorCode::kIo);
}

}  // namespace
}  // namespace ingress::db
