#include "broker/admin/access.h"

#include <doctest/doctest.h>

#include "broker/admin/operation.h"
#include "tests/unit/broker/store/draft_fixture.h"

namespace ingress::broker::admin {
namespace {

// Projects misha and bob with a machine each, and a token of misha's.
struct TwoProjects : DraftFixture {
  TwoProjects() {
    for (const char* slug : {"misha", "bob"}) {
      done(PutProject{StoreFixture::project(slug), true});
      Machine owned = StoreFixture::machine(std::string("mach_") + slug);
      owned.owner = slug;
      done(PutMachine{owned, true});
    }
  }
  static Route route_of_project(const std::string& id, const std::string& pattern, const std::string& slug) {
    Route made = StoreFixture::route(id, {pattern}, {"mach_" + slug});
    made.owner = slug;
    return made;
  }
  // The status of the refusal, 0 where misha may.
  int put(const std::function<Change(Tables&)>& change) {
    const std::vector<std::string> domains = {"iterate.app"};
    const Role role{RoleKind::kProject, "misha"};
    int status = 0;
    transact([&](Draft& draft) -> tl::expected<void, StoreError> {
      Editor editor(draft, role, domains);
      const std::optional<Answer> refused = editor.put(change(draft.tables()));
      if (!refused) return {};
      status = refused->status;
      return tl::unexpected(StoreError{});
    });
    return status;
  }
};

TEST_CASE_FIXTURE(TwoProjects,
                  "what is put by undoing is judged by the names that are kept, not by those that are shown") {
  done(PutRoute{route_of_project("rt_1", "{x}.shared.example.com", "misha"), true});
  const int64_t deleted = done(DeleteRoute{"rt_1"});
  const auto undone = [deleted](Tables& tables) { return *inverse_of(*tables.change(deleted), tables); };
  done(PutRoute{route_of_project("rt_2", "a.shared.example.com/api/*", "bob"), true});
  CHECK(put(undone) == 403);
  const auto shown = [](const std::string& pattern) {
    return [pattern](Tables&) { return PutRoute{route_of_project("rt_3", pattern, "misha"), true}; };
  };
  CHECK(put(shown("{x}.shared.example.com")) == 403);
  CHECK(put(shown("A.Shared.example.com")) == 403);
  CHECK(put(shown("{x.shared.example.com")) == 400);
  done(DeleteRoute{"rt_2"});
  CHECK(put(undone) == 0);
}

}  // namespace
}  // namespace ingress::broker::admin
