// Transactions that read while they are made, and what is put by them: limits, expiry, undoing.
#include "broker/store/draft.h"

#include <doctest/doctest.h>

#include "tests/unit/broker/store/draft_fixture.h"

namespace ingress::broker {
namespace {

TEST_CASE("a draft reads what it has put, and its changes are those that are applied") {
  DraftFixture store;
  std::vector<Change> seen;
  store.store->set_on_committed([&seen](const Transaction& transaction, int64_t, const auto& visible) {
    seen = transaction.changes;
    visible();
  });
  const auto done = store.transact([](Draft& draft) -> tl::expected<void, StoreError> {
    if (auto put = draft.put(PutMachine{StoreFixture::machine("mach_1"), true}); !put) return put;
    Machine found = draft.tables().machine("mach_1").value();
    found.default_port = 4000;
    if (auto put = draft.put(PutMachine{found, false}); !put) return put;
    return draft.put(PutProject{StoreFixture::project("misha", "mach_1"), true});
  });
  REQUIRE(done.has_value());
  CHECK(done->revision == 4);
  CHECK(seen.size() == 4);  // the attachment is one of its own
  CHECK(store.snapshot().machines[0].default_port == 4000);
}

TEST_CASE("a refusal takes back all that the draft put, and not what others did") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_0"), true});
  const auto done = store.transact([](Draft& draft) -> tl::expected<void, StoreError> {
    if (auto put = draft.put(PutMachine{StoreFixture::machine("mach_1"), true}); !put) return put;
    return draft.put(PutMachine{StoreFixture::machine("mach_0"), true});
  });
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().error.code == ErrorCode::kConflict);
  CHECK(store.snapshot().machines.size() == 1);
  CHECK(store.changes().size() == 1);
}

TEST_CASE("pages follow each other by key, and filters hold in each") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutProject{StoreFixture::project("misha"), true});
  for (int i = 0; i < 10; ++i) {
    Route route =
        StoreFixture::route("rt_" + std::to_string(i), {"h" + std::to_string(i) + ".example.com"}, {"mach_1"});
    route.external_id = i % 2 == 0 ? "even" : "";
    route.owner = i < 5 ? "misha" : "";
    store.done(PutRoute{route, true, false});
  }
  const auto ids = [&store](const std::string& after, size_t limit, const RowFilter& filter) {
    const auto rows =
        store.ask<std::vector<Route>>([&](Tables& tables) { return tables.routes_page(after, limit, filter); });
    std::string text;
    for (const Route& route : rows) text += route.id.substr(3) + (route.patterns.size() == 1 ? "" : "!");
    return text;
  };
  CHECK(ids("", 4, {}) == "0123");
  CHECK(ids("rt_3", 100, {}) == "456789");
  RowFilter even;
  even.external_id = "even";
  CHECK(ids("rt_0", 2, even) == "24");
  even.owner = "misha";
  CHECK(ids("", 100, even) == "024");
  RowFilter seen;
  seen.visible_to = "misha";
  CHECK(ids("rt_1", 100, seen) == "234");
  RowFilter led;
  led.machine = "mach_1";
  led.owner = "misha";
  CHECK(ids("", 3, led) == "012");
  RowFilter nowhere;
  nowhere.project = "misha";
  CHECK(ids("", 3, nowhere).empty());
  led.external_id = "even";
  CHECK(ids("", 2, led) == "02");
  CHECK(ids("rt_2", 2, led) == "4");
  led.project = "misha";
  CHECK(ids("", 3, led).empty());
  led.project.clear();
  led.machine = "none";
  CHECK(ids("", 3, led).empty());
}

TEST_CASE("a route is found by two of its targets where it has both") {
  DraftFixture store;
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutProject{StoreFixture::project("misha"), true});
  Route both = StoreFixture::route("rt_both", {"a.example.com"}, {"mach_1"});
  both.patterns.push_back({"b.example.com", {"", "misha"}});
  store.done(PutRoute{both, true, false});
  store.done(PutRoute{StoreFixture::route("rt_m", {"c.example.com"}, {"mach_1"}), true, false});
  store.done(PutRoute{StoreFixture::route("rt_p", {"d.example.com"}, {"", "misha"}), true, false});
  RowFilter filter;
  filter.machine = "mach_1";
  filter.project = "misha";
  const auto rows =
      store.ask<std::vector<Route>>([&filter](Tables& tables) { return tables.routes_page("", 10, filter); });
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].id == "rt_both");
}

TEST_CASE("a project has as many machines and routes as its limits allow, counted within a transaction too") {
  DraftFixture store;
  Project small = StoreFixture::project("small");
  small.limits = R"({"machines":2})";
  store.done(PutProject{small, true});
  const auto owned = [](const std::string& id) {
    Machine made = StoreFixture::machine(id);
    made.owner = "small";
    return PutMachine{made, true};
  };
  store.done(owned("mach_1"));
  const auto both = store.commit({owned("mach_2"), owned("mach_3")});
  REQUIRE_FALSE(both.has_value());
  CHECK(both.error().error.code == ErrorCode::kTooLarge);
  store.done(owned("mach_2"));
  Machine changed = owned("mach_2").machine;
  changed.default_port = 1;
  store.done(PutMachine{changed, false});
  store.refused(owned("mach_3"), ErrorCode::kTooLarge);
  // What the transaction deletes makes room in it, whether counted before or not.
  CHECK(store.commit({DeleteMachine{"mach_2"}, owned("mach_3"), DeleteMachine{"mach_3"}, owned("mach_2")}).has_value());
  small.limits = R"({"machines":-1})";
  store.refused(PutProject{small, false}, ErrorCode::kInvalidArgument);
}

TEST_CASE("what is over goes, a machine when nothing names it any more, and what lives stays") {
  DraftFixture store;
  store.done(PutMachine{store.expiring("mach_1", 100), true});
  store.done(PutMachine{store.expiring("mach_2", 100), true});
  store.done(PutMachine{store.expiring("mach_3", 300), true});
  store.done(PutProject{StoreFixture::project("misha", "mach_1"), true});
  Route route = StoreFixture::route("rt_1", {"a.example.com"}, {"mach_2"});
  route.expires_at = 250;
  store.done(PutRoute{route, true, false});
  store.done(PutJoinToken{{"jt_1", "", std::string(64, 'a'), "", 1, 0, 100}});
  store.done(PutAccessToken{{"at_1", "read", std::string(64, 'a'), "", 0, 100}});
  CHECK(store.sweep(99) == 0);
  CHECK(store.sweep(200) == 3);
  Snapshot left = store.snapshot();
  CHECK(left.machines.size() == 2);
  CHECK(left.projects[0].machine.empty());
  CHECK(left.access_tokens.empty());
  CHECK(left.join_tokens.empty());
  CHECK(store.sweep(250) == 2);  // the route, and then its machine
  left = store.snapshot();
  CHECK(left.routes.empty());
  REQUIRE(left.machines.size() == 1);
  CHECK(left.machines[0].id == "mach_3");
}

// The fixture's transactions are at the end of second 1.
Route owned_route(const std::string& id, const std::string& pattern, const std::string& owner, int64_t expires_at = 0) {
  Route made = StoreFixture::route(id, {pattern}, {"mach_1"});
  made.owner = owner;
  made.expires_at = expires_at;
  return made;
}

std::string last_two(DraftFixture& store) {
  const std::vector<ChangeRow> rows = store.changes();
  REQUIRE(rows.size() >= 2);
  const auto told = [](const ChangeRow& row) { return row.operation + " " + row.subject; };
  return told(rows[rows.size() - 2]) + ", " + told(rows.back());
}

struct AtTheLimit : DraftFixture {
  AtTheLimit() {
    done(PutMachine{StoreFixture::machine("mach_1"), true});
    for (const char* slug : {"misha", "olga"}) {
      Project small = StoreFixture::project(slug);
      small.limits = R"({"routes":2,"machines":1})";
      done(PutProject{small, true});
    }
  }
};

TEST_CASE_FIXTURE(AtTheLimit, "routes that take all of the patterns of as many others fit at their project's limit") {
  done(PutRoute{owned_route("rt_1", "a.example.com", "misha"), true});
  done(PutRoute{owned_route("rt_2", "b.example.com", "misha"), true});
  const PutRoute first{owned_route("rt_3", "a.example.com", "misha"), true, true};
  const PutRoute second{owned_route("rt_4", "b.example.com", "misha"), true, true};
  const auto taken = commit({first, second});
  REQUIRE_MESSAGE(taken.has_value(), taken.error().detail);
  CHECK(snapshot().routes.size() == 2);
  refused(PutRoute{owned_route("rt_5", "c.example.com", "misha"), true}, ErrorCode::kTooLarge);
}

TEST_CASE_FIXTURE(AtTheLimit, "what changes hands makes room with its former owner within a transaction") {
  const auto owned_machine = [](const std::string& id, const std::string& owner) {
    Machine made = StoreFixture::machine(id);
    made.owner = owner;
    return PutMachine{made};
  };
  done(PutRoute{owned_route("rt_1", "a.example.com", "misha"), true});
  const auto routes = commit({PutRoute{owned_route("rt_2", "b.example.com", "misha"), true},
                              PutRoute{owned_route("rt_1", "a.example.com", "olga")},
                              PutRoute{owned_route("rt_3", "c.example.com", "misha"), true}});
  REQUIRE_MESSAGE(routes.has_value(), routes.error().detail);
  const auto machines =
      commit({owned_machine("mach_2", "misha"), owned_machine("mach_2", "olga"), owned_machine("mach_3", "misha")});
  REQUIRE_MESSAGE(machines.has_value(), machines.error().detail);
  refused(owned_machine("mach_2", "misha"), ErrorCode::kTooLarge);
  refused(PutRoute{owned_route("rt_1", "a.example.com", "misha")}, ErrorCode::kTooLarge);
}

TEST_CASE("a route whose time is over gives its patterns and its id to a new one of its owner, and to nobody else's") {
  DraftFixture store;
  std::vector<Change> seen;
  store.store->set_on_committed([&seen](const Transaction& transaction, int64_t, const auto& visible) {
    seen = transaction.changes;
    visible();
  });
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  Project small = StoreFixture::project("misha");
  small.limits = R"({"routes":1})";
  store.done(PutProject{small, true});
  store.done(PutProject{StoreFixture::project("olga"), true});
  store.done(PutRoute{owned_route("rt_1", "a.example.com", "misha", 2), true});
  CHECK(store.refused(PutRoute{owned_route("rt_2", "a.example.com", "misha"), true}, ErrorCode::kConflict) ==
        "pattern \"a.example.com\" is held by route \"rt_1\"");
  store.done(PutRoute{owned_route("rt_1", "a.example.com", "misha", 1)});
  for (const char* other : {"olga", ""}) {
    store.refused(PutRoute{owned_route("rt_2", "a.example.com", other), true}, ErrorCode::kConflict);
    store.refused(PutRoute{owned_route("rt_1", "b.example.com", other), true}, ErrorCode::kConflict);
  }
  store.done(PutRoute{owned_route("rt_2", "a.example.com", "misha", 1), true});
  CHECK(last_two(store) == "route.delete rt_1, route.create rt_2");
  REQUIRE(seen.size() == 2);
  CHECK(std::holds_alternative<DeleteRoute>(seen[0]));
  CHECK(std::holds_alternative<PutRoute>(seen[1]));
  store.done(PutRoute{owned_route("rt_2", "c.example.com", "misha", 1), true});
  CHECK(last_two(store) == "route.delete rt_2, route.create rt_2");
  store.refused(PutDomain{Domain{"c.example.com", "olga", 0}}, ErrorCode::kConflict);
  store.done(PutDomain{Domain{"c.example.com", "misha", 0}});
  CHECK(last_two(store) == "route.delete rt_2, domain.create c.example.com");
  CHECK(store.snapshot().routes.empty());
}

TEST_CASE("a machine whose time is over gives its id to a new one of its owner, and what opened it is gone") {
  DraftFixture store;
  store.done(PutProject{StoreFixture::project("misha"), true});
  store.done(PutProject{StoreFixture::project("olga"), true});
  Machine old = store.expiring("mach_1", 1);
  old.owner = "misha";
  store.done(PutMachine{old, true});
  store.done(PutToken{Token{"tk", "mach_1", std::string(64, '0'), "", 0}});
  store.done(AttachMachine{"misha", "mach_1"});
  Machine fresh = StoreFixture::machine("mach_1");
  CHECK(store.refused(PutMachine{fresh, true}, ErrorCode::kConflict) == "machine \"mach_1\" exists already");
  fresh.owner = "misha";
  store.done(AttachMachine{"olga", "mach_1"});
  CHECK(store.refused(PutMachine{fresh, true}, ErrorCode::kConflict).ends_with("attached to project \"olga\""));
  store.done(AttachMachine{"olga", ""});
  store.done(PutMachine{fresh, true});
  CHECK(last_two(store) == "machine.delete mach_1, machine.create mach_1");
  const Snapshot left = store.snapshot();
  CHECK(left.tokens.empty());
  CHECK(left.projects[0].machine.empty());
  REQUIRE(left.machines.size() == 1);
  CHECK(left.machines[0].expires_at == 0);
  store.refused(PutMachine{fresh, true}, ErrorCode::kConflict);
}

TEST_CASE("a machine whose time is over stays with a project that is not its owner") {
  DraftFixture store;
  store.done(PutProject{StoreFixture::project("misha"), true});
  store.done(PutMachine{store.expiring("mach_1", 1), true});
  store.done(AttachMachine{"misha", "mach_1"});
  CHECK(store.refused(PutMachine{StoreFixture::machine("mach_1"), true}, ErrorCode::kConflict)
            .ends_with("attached to project \"misha\""));
}

TEST_CASE("the tokens of a project go with it") {
  DraftFixture store;
  store.done(PutProject{StoreFixture::project("misha"), true});
  store.done(PutAccessToken{{"at_1", "project:misha", std::string(64, 'a'), "", 0, 0}});
  store.done(PutAccessToken{{"at_2", "read", std::string(64, 'a'), "", 0, 0}});
  store.done(PutJoinToken{{"jt_1", "misha", std::string(64, 'a'), "", 1, 0, 0}});
  store.refused(PutAccessToken{{"at_3", "project:none", std::string(64, 'a'), "", 0, 0}}, ErrorCode::kNotFound);
  store.done(DeleteProject{"misha"});
  const Snapshot left = store.snapshot();
  REQUIRE(left.access_tokens.size() == 1);
  CHECK(left.access_tokens[0].id == "at_2");
  CHECK(left.join_tokens.empty());
}

TEST_CASE("the shares of a project go with it, and what was before it is not a later one's") {
  DraftFixture store;
  const auto seen = [&store](int64_t since) {
    std::string told;
    for (const ChangeRow& row : store.ask<std::vector<ChangeRow>>(
             [since](Tables& tables) { return tables.changes_of_project("misha", since, 100); })) {
      told += row.operation + " ";
    }
    return told;
  };
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutProject{StoreFixture::project("misha"), true});
  store.done(PutShare{{"sh_p_1", "misha.example.com", "/", "mach_1", 3000, "misha", std::string(64, 'a'), "", 5, 0}});
  store.done(DeleteProject{"misha"});
  CHECK(store.snapshot().shares.empty());
  CHECK(seen(0) == "project.create share.create project.delete share.delete ");
  const int64_t again = store.done(PutProject{StoreFixture::project("misha"), true});
  CHECK(seen(0) == "project.create ");
  CHECK(seen(again).empty());
  const auto backwards = store.ask<std::vector<ChangeRow>>(
      [again](Tables& tables) { return tables.changes_before("misha", again + 1, 100); });
  REQUIRE(backwards.size() == 1);
  CHECK(backwards[0].revision == again);
}

TEST_CASE("what goes with a machine has rows of its own before it, and a token needs the machine that it is for") {
  DraftFixture store;
  const std::string hash(64, 'a');
  store.refused(PutAccessToken{{"at_1", "tcp:mach_1:*", hash, "", 0, 0}}, ErrorCode::kNotFound);
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutAccessToken{{"at_1", "tcp:mach_1:*", hash, "", 0, 0}});
  store.done(PutToken{{"tok_1", "mach_1", hash, "", 0}});
  const int64_t since = store.done(PutShare{{"sh_1", "a.example.com", "/", "mach_1", 3000, "", hash, "", 5, 0}});
  std::vector<Change> applied;
  store.store->set_on_committed([&applied](const Transaction& transaction, int64_t, const auto& visible) {
    applied = transaction.changes;
    visible();
  });
  store.done(DeleteMachine{"mach_1"});
  std::string told;
  for (const ChangeRow& row : store.changes(since)) told += row.operation + " ";
  CHECK(told == "token.delete share.delete access_token.delete machine.delete ");
  CHECK(applied.size() == 4);
}

TEST_CASE("a share of a project goes on with the project's machine when the one that it was made on is deleted") {
  DraftFixture store;
  const std::string hash(64, 'a');
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutMachine{StoreFixture::machine("mach_2"), true});
  store.done(PutProject{StoreFixture::project("misha"), true});
  store.done(AttachMachine{"misha", "mach_2"});
  store.done(PutShare{{"sh_p_1", "misha.example.com", "/", "mach_1", 3000, "misha", hash, "", 5, 0}});
  const int64_t since = store.done(PutShare{{"sh_q_2", "a.example.com", "/", "mach_1", 3000, "", hash, "", 5, 0}});
  store.done(DeleteMachine{"mach_1"});
  std::string told;
  for (const ChangeRow& row : store.changes(since)) told += row.operation + " ";
  CHECK(told == "share.update share.delete machine.delete ");
  const Snapshot left = store.snapshot();
  REQUIRE(left.shares.size() == 1);
  CHECK(left.shares[0].machine == "mach_2");
  CHECK(left.shares[0].sha256 == hash);
  store.done(AttachMachine{"misha", ""});
  store.done(DeleteMachine{"mach_2"});
  CHECK(store.snapshot().shares.empty());
}

TEST_CASE("what stands in the way and is another's has a sentence without its name") {
  DraftFixture store;
  store.done(PutProject{StoreFixture::project("misha"), true});
  Machine owned = StoreFixture::machine("mach_1");
  owned.owner = "misha";
  store.done(PutMachine{owned, true});
  store.done(PutRoute{StoreFixture::route("rt_secret", {"a.example.com"}, {"mach_1"}), true, false});
  const auto refusal = [&store](Change change) {
    const auto outcome = store.commit({std::move(change)});
    REQUIRE_FALSE(outcome.has_value());
    return outcome.error();
  };
  const StoreError taken = refusal(PutMachine{StoreFixture::machine("mach-1"), true});
  CHECK(taken.holder == "misha");
  CHECK(taken.detail.find("mach_1") != std::string::npos);
  CHECK(taken.neutral.find("mach_1") == std::string::npos);
  for (const StoreError& held :
       {refusal(PutRoute{StoreFixture::route("rt_2", {"a.example.com"}, {"mach_1"}), true, false}),
        refusal(DeleteMachine{"mach_1"}), refusal(PutDomain{{"a.example.com", "misha", 0}})}) {
    CHECK(held.holder.empty());
    CHECK(held.detail.find("rt_secret") != std::string::npos);
    CHECK_FALSE(held.neutral.empty());
    CHECK(held.neutral.find("rt_secret") == std::string::npos);
  }
}

TEST_CASE("a project's changes are told apart, and a row that changes hands is the operator's business") {
  DraftFixture store;
  store.done(PutProject{StoreFixture::project("misha"), true});
  store.done(PutProject{StoreFixture::project("other"), true});
  Machine owned = StoreFixture::machine("mach_1");
  owned.owner = "misha";
  store.done(PutMachine{owned, true});
  store.done(PutToken{{"tok_1", "mach_1", std::string(64, 'a'), "", 0}});
  owned.owner = "other";
  store.done(PutMachine{owned, false});
  const auto rows =
      store.ask<std::vector<ChangeRow>>([](Tables& tables) { return tables.changes_of_project("misha", 0, 100); });
  std::string told;
  for (const ChangeRow& row : rows) told += row.operation + " ";
  CHECK(told == "project.create machine.create token.create ");
}

}  // namespace
}  // namespace ingress::broker
