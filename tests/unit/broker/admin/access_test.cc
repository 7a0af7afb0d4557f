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

TEST_CASE_FIXTURE(TwoProjects,
                  "a project prolongs a share of its host whatever machine it has by now, and no other share") {
  done(PutMachine{StoreFixture::machine("mach_before"), true});
  const auto share = [](const std::string& id, const std::string& project) {
    return Share{id, "misha.iterate.app", "/", "mach_before", 3000, project, std::string(64, 'a'), "", 5, 1900000000};
  };
  done(PutShare{share("sh_p_own", "misha")});
  done(PutShare{share("sh_own", "misha")});
  done(PutShare{share("sh_p_bobs", "bob")});
  const auto status = [this](Share put_again) {
    put_again.expires_at = 0;
    return put([put_again](Tables&) { return PutShare{put_again}; });
  };
  CHECK(status(share("sh_p_own", "misha")) == 0);
  CHECK(status(share("sh_own", "misha")) == 403);
  CHECK(status(share("sh_p_bobs", "bob")) == 403);
  CHECK(status(share("sh_p_bobs", "misha")) == 403);
  CHECK(status(share("sh_p_new", "misha")) == 403);
  Share other = share("sh_p_own", "misha");
  other.machine = "mach_bob";
  CHECK(status(other) == 403);
  other = share("sh_p_own", "misha");
  other.host = "mach_before.machines.iterate.app";
  CHECK(status(other) == 403);
  other = share("sh_p_own", "misha");
  other.port = 22;
  CHECK(status(other) == 403);
}

TEST_CASE("of a machine that is another's a project sees neither the owner nor what that one says of it") {
  Machine machine = StoreFixture::machine("mach_1");
  machine.owner = "bob";
  machine.metadata = R"({"rack":7})";
  machine.policy = R"({"wake":"https://bob.example.com/wake"})";
  const auto kept = [&machine](const Role& role) {
    const Machine seen = seen_by(role, machine);
    CHECK(seen.id == "mach_1");
    return seen.owner == machine.owner && seen.metadata == machine.metadata && seen.policy == machine.policy;
  };
  for (const RoleKind kind : {RoleKind::kFull, RoleKind::kWrite, RoleKind::kRead}) CHECK(kept({kind}));
  CHECK(kept({RoleKind::kProject, "bob"}));
  const Machine seen = seen_by({RoleKind::kProject, "misha"}, machine);
  CHECK(seen.owner.empty());
  CHECK(seen.metadata == "{}");
  CHECK(seen.policy == "{}");
}

TEST_CASE_FIXTURE(TwoProjects,
                  "whose an attached machine is a project does not find out by the filter of a list either") {
  done(AttachMachine{"misha", "mach_bob"});
  const auto machines = [this](const std::string& owner) {
    return ask<size_t>([owner](Tables& tables) {
      RowFilter filter;
      filter.owner = owner;
      filter.visible_to = "misha";
      return tables.machines_page("", 10, filter).size();
    });
  };
  CHECK(machines("") == 2);
  CHECK(machines("misha") == 1);
  CHECK(machines("bob") == 0);
}

}  // namespace
}  // namespace ingress::broker::admin
