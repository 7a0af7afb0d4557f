// Transactions that read while they are made, and what is put by them: limits, expiry, undoing.
#include "broker/store/draft.h"

#include <doctest/doctest.h>

#include "broker/store/expired_rows.h"
#include "broker/store/undo.h"
#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

class DraftFixture : public StoreFixture {
 public:
  Outcome transact(Store::Make make) {
    Outcome outcome;
    store->transact("tester", 1234, std::move(make), [this, &outcome](Outcome result) {
      outcome = std::move(result);
      answered();
    });
    wait(1);
    return outcome;
  }
  template <class Answer>
  Answer ask(std::function<Answer(Tables&)> look) {
    Answer answer;
    store->read([&answer, &look](Tables& tables) { answer = look(tables); }, [this](Status) { answered(); });
    wait(1);
    return answer;
  }
  Outcome undo(int64_t revision) {
    return transact([revision](Draft& draft) -> tl::expected<void, StoreError> {
      tl::expected<Change, StoreError> inverse = inverse_of(*draft.tables().change(revision), draft.tables());
      if (!inverse) return tl::unexpected(inverse.error());
      return draft.put(std::move(*inverse));
    });
  }
  Machine expiring(const std::string& id, int64_t at) {
    Machine made = machine(id);
    made.expires_at = at;
    return made;
  }
  size_t sweep(int64_t time) {
    size_t count = 0;
    const Outcome done = transact([time, &count](Draft& draft) -> tl::expected<void, StoreError> {
      const auto deleted = delete_expired(draft, time);
      if (!deleted) return tl::unexpected(deleted.error());
      count = *deleted;
      return {};
    });
    REQUIRE(done.has_value());
    return count;
  }
};

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

}  // namespace
}  // namespace ingress::broker
