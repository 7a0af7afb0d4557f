// Changes that are taken back.
#include "broker/store/undo.h"

#include <doctest/doctest.h>

#include "tests/unit/broker/store/draft_fixture.h"

namespace ingress::broker {
namespace {

TEST_CASE("a change is taken back where nothing newer touched its row") {
  DraftFixture store;
  const int64_t made = store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  Machine changed = StoreFixture::machine("mach_1");
  changed.default_port = 4000;
  const int64_t updated = store.done(PutMachine{changed, false});
  const auto stale = store.undo(made);
  REQUIRE_FALSE(stale.has_value());
  CHECK(stale.error().error.code == ErrorCode::kConflict);
  CHECK(store.undo(updated).has_value());
  CHECK(store.snapshot().machines[0].default_port == 3000);
  CHECK(store.undo(made).has_value());
  CHECK(store.snapshot().machines.empty());
}

TEST_CASE("an undone change of a machine leaves the state that an attachment gave it since") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  Machine changed = StoreFixture::machine("mach_1");
  changed.default_port = 4000;
  const int64_t updated = store.done(PutMachine{changed, false});
  store.done(PutProject{StoreFixture::project("misha", "mach_1"), true});
  REQUIRE(store.undo(updated).has_value());
  const Machine now = store.snapshot().machines[0];
  CHECK(now.default_port == 3000);
  CHECK(now.state == MachineState::kActive);
}

TEST_CASE("a deleted route comes back with the captures and the literals that it had") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  const std::vector<std::string> written = {"{x}.a.com", "a.com/100%25/{y}", "a.com/pub/%2A", "a.com/a b?"};
  store.done(PutRoute{StoreFixture::route("rt_1", written, {"mach_1"}), true});
  const Route before = store.snapshot().routes.at(0);
  const int64_t deleted = store.done(DeleteRoute{"rt_1"});
  REQUIRE(store.undo(deleted).has_value());
  const Route after = store.snapshot().routes.at(0);
  for (size_t i = 0; i < written.size(); ++i) {
    CHECK(after.patterns.at(i).shown() == written[i]);
    CHECK(after.patterns.at(i).pattern == before.patterns.at(i).pattern);
  }
}

TEST_CASE("what had a secret does not come back") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  const int64_t made = store.done(PutToken{{"tok_1", "mach_1", std::string(64, 'a'), "", 0}});
  REQUIRE(store.undo(made).has_value());
  CHECK(store.snapshot().tokens.empty());
  const auto again = store.undo(made + 1);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().detail.find("secret") != std::string::npos);
}

TEST_CASE("a change of what has a secret is taken back while the secret is there, and the secret stays") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  Share share{"sh_1", "a.example.com", "/", "mach_1", 3000, "", std::string(64, 'a'), "bob", 5, 1900000000};
  store.done(PutShare{share});
  share.expires_at = 0;
  const int64_t prolonged = store.done(PutShare{share});
  REQUIRE(store.undo(prolonged).has_value());
  const Share now = store.snapshot().shares[0];
  CHECK(now.expires_at == 1900000000);
  CHECK(now.sha256 == std::string(64, 'a'));
  const int64_t deleted = store.done(DeleteShare{"sh_1"});
  CHECK(store.undo(prolonged).error().detail.find("no longer as") != std::string::npos);
  CHECK(store.undo(deleted).error().detail.find("secret") != std::string::npos);
}

TEST_CASE("a deleted project comes back with the machine that it had, or without one that is gone") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutProject{StoreFixture::project("misha", "mach_1"), true});
  const int64_t deleted = store.done(DeleteProject{"misha"});
  REQUIRE(store.undo(deleted).has_value());
  CHECK(store.snapshot().projects[0].machine == "mach_1");
  const int64_t again = store.done(DeleteProject{"misha"});
  store.done(DeleteMachine{"mach_1"});
  REQUIRE(store.undo(again).has_value());
  CHECK(store.snapshot().projects[0].machine.empty());
}

TEST_CASE("an attachment whose former machine is gone is not taken back, and says so") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutMachine{StoreFixture::machine("mach_2"), true});
  store.done(PutProject{StoreFixture::project("misha", "mach_1"), true});
  const int64_t moved = store.done(AttachMachine{"misha", "mach_2"});
  store.done(DeleteMachine{"mach_1"});
  const auto refused = store.undo(moved);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().error.code == ErrorCode::kConflict);
  CHECK(refused.error().detail.find("\"mach_1\"") != std::string::npos);
}

}  // namespace
}  // namespace ingress::broker
