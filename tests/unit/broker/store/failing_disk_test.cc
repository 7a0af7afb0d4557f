// A disk that is full, read-only or fails to sync: commits are refused, nothing is lost or damaged, and they go through
// again when the disk does.
#include <cerrno>

#include "tests/unit/broker/store/lossy_store.h"

namespace ingress::broker {
namespace {

// Each way to fail is tried on a store that has committed a while, wherever it is in its log.
template <class Fail, class Mend>
void fail_and_mend(int sys_errno, const Fail& fail, const Mend& mend) {
  constexpr uint32_t kDisks = 40;
  for (uint32_t seed = 1; seed <= kDisks; ++seed) {
    CAPTURE(seed);
    LossyStore store(seed, seed % 2 == 0 ? "PRAGMA wal_autocheckpoint = 30;" : "");
    REQUIRE(store.open());
    for (uint32_t i = 0; i < seed % 20; ++i) REQUIRE(store.commit());
    fail(store.disk, seed);
    constexpr int kTries = 500;  // a disk that is not quite full takes some
    int tries = 0;
    while (store.commit()) REQUIRE(++tries < kTries);
    CHECK(store.refusal().error.code == ErrorCode::kIo);
    CHECK(store.refusal().detail.starts_with("the database cannot be written: "));
    if (sys_errno != 0) CHECK(store.refusal().error.sys_errno == sys_errno);
    if (sys_errno != ENOSPC) CHECK_FALSE(store.commit());  // a smaller one may fit
    CHECK(store.broken_promise().empty());
    mend(store.disk);
    CHECK(store.commit());
    store.close();
    REQUIRE(store.open());
    CHECK(store.broken_promise().empty());
  }
}

TEST_CASE("a full disk refuses commits as ENOSPC, and takes them again when there is space") {
  fail_and_mend(
      ENOSPC, [](LossyDisk& disk, uint32_t seed) { disk.set_space(disk.bytes() + int64_t{777} * seed); },
      [](LossyDisk& disk) { disk.set_space(INT64_MAX); });
}

TEST_CASE("a disk that became read-only refuses commits as EROFS, and takes them again when it can be written") {
  fail_and_mend(
      EROFS, [](LossyDisk& disk, uint32_t) { disk.set_read_only(true); },
      [](LossyDisk& disk) { disk.set_read_only(false); });
}

TEST_CASE("a commit whose sync fails is refused, and the next one goes through") {
  fail_and_mend(
      0, [](LossyDisk& disk, uint32_t) { disk.set_syncs_fail(true); },
      [](LossyDisk& disk) { disk.set_syncs_fail(false); });
}

}  // namespace
}  // namespace ingress::broker
