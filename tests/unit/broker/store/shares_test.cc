// Which shares outlive the machine that they were made on.
#include "tests/unit/broker/store/draft_fixture.h"

namespace ingress::broker {
namespace {

Share share_of_misha(const std::string& id, const std::string& host) {
  return {id, host, "/", "mach_1", 3000, "misha", std::string(64, 'a'), "", 5, 0};
}

TEST_CASE("a share of a machine's host is for no other machine, though a project made it and has another by now") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutMachine{StoreFixture::machine("mach_2"), true});
  store.done(PutProject{StoreFixture::project("misha"), true});
  store.done(AttachMachine{"misha", "mach_2"});
  store.done(PutShare{share_of_misha("sh_routed", "routed.example.com")});
  store.done(PutShare{share_of_misha("sh_p_named", "misha.example.com")});
  store.done(DeleteMachine{"mach_1"});
  const Snapshot left = store.snapshot();
  REQUIRE(left.shares.size() == 1);
  CHECK(left.shares[0].id == "sh_p_named");
  CHECK(left.shares[0].machine == "mach_2");
}

}  // namespace
}  // namespace ingress::broker
