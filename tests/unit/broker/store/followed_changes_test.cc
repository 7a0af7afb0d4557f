#include "broker/store/followed_changes.h"

#include <fstream>

#include "broker/routing/route_index.h"
#include "broker/store/record_json.h"
#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

// All of a change, as text.
struct Shown {
  std::string operator()(const PutMachine& change) const { return json_of(change.machine); }
  std::string operator()(const DeleteMachine& change) const { return "-machine " + change.id; }
  std::string operator()(const PutToken& change) const { return json_of(change.token) + change.token.sha256; }
  std::string operator()(const DeleteToken& change) const { return "-token " + change.machine + " " + change.id; }
  std::string operator()(const PutProject& change) const {
    Project project = change.project;
    project.machine.clear();  // says nothing
    return json_of(project);
  }
  std::string operator()(const DeleteProject& change) const { return "-project " + change.slug; }
  std::string operator()(const AttachMachine& change) const { return change.project + " has " + change.machine; }
  std::string operator()(const PutService& change) const { return json_of(change.service); }
  std::string operator()(const DeleteService& change) const { return "-service " + change.project + " " + change.name; }
  std::string operator()(const PutRoute& change) const {
    std::string all = json_of(change.route);
    for (const RoutePattern& pattern : change.route.patterns) all += " " + pattern.pattern + " " + pattern.text;
    return all;
  }
  std::string operator()(const DeleteRoute& change) const { return "-route " + change.id; }
  std::string operator()(const PutDomain& change) const { return json_of(change.domain); }
  std::string operator()(const DeleteDomain& change) const { return "-domain " + change.name; }
  std::string operator()(const PutShare& change) const { return json_of(change.share) + change.share.sha256; }
  std::string operator()(const DeleteShare& change) const { return "-share " + change.id; }
  std::string operator()(const PutAccessToken& change) const { return json_of(change.token) + change.token.sha256; }
  std::string operator()(const DeleteAccessToken& change) const { return "-access token " + change.id; }
  std::string operator()(const PutJoinToken& change) const { return json_of(change.token) + change.token.sha256; }
  std::string operator()(const DeleteJoinToken& change) const { return "-join token " + change.id; }
};

using Texts = std::vector<std::string>;

Texts texts_of(const Transaction& transaction) {
  Texts texts;
  for (const Change& change : transaction.changes) texts.push_back(std::visit(Shown(), change));
  return texts;
}

Share share(const std::string& id, const std::string& machine, char hash) {
  return {id, "3000__misha.iterate.app", "/docs", machine, 3000, "misha", std::string(64, hash), "bob", 5, 1900000000};
}

// A store, and who reads its file by a connection of its own.
class FollowFixture : public StoreFixture {
 public:
  FollowFixture() {
    store->set_on_committed([this](const Transaction& transaction, int64_t, const auto& visible) {
      for (std::string& text : texts_of(transaction)) committed.push_back(std::move(text));
      visible();
    });
  }

  Result<FollowedChanges> read(int limit = 1000) {
    auto file = db::Database::open(path, db::Database::Mode::kReadOnly, problem);
    REQUIRE_MESSAGE(file.has_value(), problem);
    return changes_behind(**file, path, revision, limit, problem);
  }
  FollowedChanges follow(int limit = 1000) {
    Result<FollowedChanges> followed = read(limit);
    REQUIRE_MESSAGE(followed.has_value(), problem);
    revision = followed->revision;
    index.apply(followed->transaction);
    return std::move(*followed);
  }
  // As another program would, behind the store's back.
  void run(const char* sql) {
    auto file = db::Database::open(path, db::Database::Mode::kReadWrite, problem);
    REQUIRE_MESSAGE(file.has_value(), problem);
    (*file)->run(sql);
    REQUIRE_FALSE((*file)->failed());
  }
  std::string route_of(const std::string& host) {
    Resolution found;
    return index.resolve({host}, found) ? std::string(found.route_id) : "none";
  }

  Texts committed;
  int64_t revision = 0;
  RouteIndex index{RoutingOptions{{"iterate.app"}, {}}};
  std::string problem;
};

TEST_CASE_FIXTURE(FollowFixture, "each kind of change is followed as it was committed") {
  Machine lab = machine("lab");
  lab.owner = "misha";
  lab.policy = R"({"auth":"deny"})";
  lab.expires_at = 1900000000;
  Project misha = project("misha", "mach_1");
  misha.policy = R"({"host":"preserve"})";
  misha.limits = R"({"machines":7})";
  misha.metadata = R"({"team":"x"})";
  misha.suspended = true;
  misha.wildcard_certificate = true;
  Route route = StoreFixture::route("rt_1", {"{user}.example.com", "*.A.example.com"}, {"mach_1", "", "", 99});
  route.patterns.push_back({"c.example.com", {"", "misha", "docs", 0}, R"({"origin":"rewrite"})"});
  route.owner = "misha";
  route.external_id = "ext";
  const std::string hash(64, 'c');
  const std::vector<Change> changes = {
      PutMachine{machine("mach_1"), true}, PutToken{Token{"tk", "mach_1", std::string(64, 'a'), "laptop", 5}},
      PutProject{misha, true}, PutMachine{lab, true}, PutService{Service{"misha", "docs", 4321, "lab", "{}"}, true},
      PutRoute{route, true}, PutDomain{Domain{"Example.com", "misha", 11}}, PutShare{share("sh_1", "mach_1", 'b')},
      PutAccessToken{AccessToken{"at_1", "tcp:lab:22", hash, "x", 1, 1900000000}},
      PutAccessToken{AccessToken{"at_2", "project:misha", hash, "y", 1, 0}},
      PutJoinToken{JoinToken{"jt_1", "misha", hash, "x", -1, 1, 0}},
      // The same anew, and less of them.
      PutProject{project("misha"), false}, AttachMachine{"misha", ""}, DeleteShare{"sh_1"}, DeleteDomain{"example.com"},
      DeleteRoute{"rt_1"}, DeleteService{"misha", "docs"}, DeleteToken{"mach_1", "tk"}, DeleteMachine{"lab"},
      DeleteProject{"misha"}, DeleteMachine{"mach_1"}};
  Texts followed;
  for (const Change& change : changes) {
    done(change);
    const FollowedChanges read = follow();
    CHECK(read.left_out.empty());
    CHECK_FALSE(read.more);
    for (std::string& text : texts_of(read.transaction)) followed.push_back(std::move(text));
  }
  CHECK(followed == committed);
  CHECK(followed.size() > changes.size());  // tokens that went with a machine and a project
  CHECK(follow().transaction.changes.empty());
}

TEST_CASE_FIXTURE(FollowFixture,
                  "of what came and went between two looks its end is told alone, where it had a secret") {
  done(PutMachine{machine("mach_1"), true});
  follow();
  done(PutToken{Token{"tk", "mach_1", std::string(64, 'a'), "", 5}});
  done(PutShare{share("sh_1", "mach_1", 'b')});
  done(PutRoute{route("rt_1", {"a.example.com"}, {"mach_1", "", "", 99}), true});
  done(DeleteToken{"mach_1", "tk"});
  done(DeleteShare{"sh_1"});
  done(DeleteRoute{"rt_1"});
  const FollowedChanges read = follow();
  CHECK(read.left_out.empty());
  CHECK(texts_of(read.transaction).size() == 4);
  CHECK(index.token_machine("mach_1", std::string(64, 'a')).empty());
  CHECK(index.share("sh_1") == nullptr);
  CHECK(route_of("a.example.com") == "none");
}

TEST_CASE_FIXTURE(FollowFixture, "a pattern that moves from route to route is found at the last of them") {
  done(PutMachine{machine("mach_1"), true});
  done(PutRoute{route("rt_1", {"a.example.com", "b.example.com"}, {"mach_1", "", "", 1}), true});
  follow();
  done(PutRoute{route("rt_2", {"a.example.com"}, {"mach_1", "", "", 2}), true, true});
  follow();
  CHECK(route_of("a.example.com") == "rt_2");
  CHECK(route_of("b.example.com") == "rt_1");
  // There and back in one look; the route that is left with none is gone.
  done(PutRoute{route("rt_1", {"a.example.com", "b.example.com"}, {"mach_1", "", "", 1}), false, true});
  done(PutRoute{route("rt_3", {"b.example.com"}, {"mach_1", "", "", 3}), true, true});
  follow();
  CHECK(route_of("a.example.com") == "rt_1");
  CHECK(route_of("b.example.com") == "rt_3");
  done(DeleteRoute{"rt_1"});
  done(DeleteRoute{"rt_3"});
  follow();
  CHECK(route_of("a.example.com") == "none");
  CHECK(route_of("b.example.com") == "none");
}

TEST_CASE_FIXTURE(FollowFixture, "a machine that is made anew within one look has nothing of the former one's") {
  done(PutMachine{machine("mach_1"), true});
  done(PutToken{Token{"tk", "mach_1", std::string(64, 'a'), "", 5}});
  done(PutShare{share("sh_1", "mach_1", 'b')});
  done(PutRoute{route("rt_1", {"a.example.com"}, {"mach_1", "", "", 1}), true});
  follow();
  CHECK(index.token_machine("mach_1", std::string(64, 'a')) == "mach_1");
  done(DeleteRoute{"rt_1"});
  done(DeleteMachine{"mach_1"});
  done(PutMachine{machine("mach_1"), true});
  done(PutRoute{route("rt_1", {"a.example.com"}, {"mach_1", "", "", 1}), true});
  const FollowedChanges read = follow();
  CHECK(machines_to_drop(read.transaction) == Texts{"mach_1"});
  CHECK(index.token_machine("mach_1", std::string(64, 'a')).empty());
  CHECK(index.share("sh_1") == nullptr);
  CHECK(route_of("a.example.com") == "rt_1");
}

TEST_CASE_FIXTURE(FollowFixture, "commits are not torn by the limit, unless one is longer than it") {
  const auto commit_at = [this](int64_t at, std::vector<Change> changes) {
    store->commit({"tester", at, std::move(changes)}, [this](const Outcome& outcome) {
      CHECK(outcome.has_value());
      answered();
    });
    wait(1);
  };
  commit_at(1, {PutMachine{machine("m1")}, PutMachine{machine("m2")}});
  commit_at(2, {PutMachine{machine("m3")}, PutMachine{machine("m4")}});
  FollowedChanges read = follow(3);
  CHECK(read.revision == 2);
  CHECK(read.more);
  read = follow(1);
  CHECK(read.revision == 3);
  CHECK(read.more);
  read = follow(3);
  CHECK(read.revision == 4);
  CHECK_FALSE(read.more);
}

TEST_CASE_FIXTURE(FollowFixture, "a record that only a newer program can read is left out, and the rest is followed") {
  done(PutMachine{machine("mach_1"), true});
  done(PutProject{project("misha", "mach_1"), true});
  follow();
  Project denied = project("misha");
  denied.policy = R"({"auth":"deny"})";
  done(PutProject{denied});
  done(PutMachine{machine("mach_2"), true});
  done(PutMachine{machine("mach_3"), true});
  done(PutMachine{machine("mach_4"), true});
  done(PutMachine{machine("mach_5"), true});
  run(R"sql(UPDATE changes SET after = '{"slug":"misha","defaultPort":1,"policy":{"news":1}}' WHERE operation = 'project.update';
            UPDATE changes SET after = '{"id":["mach_2"],"patterns":[7]}' WHERE subject = 'mach_2';
            UPDATE changes SET after = 'no JSON' WHERE subject = 'mach_3';
            UPDATE changes SET operation = 'comet.create' WHERE subject = 'mach_4')sql");
  const FollowedChanges read = follow();
  CHECK(read.left_out == "project.update misha");
  REQUIRE(index.project("misha") != nullptr);
  CHECK(index.project("misha")->policy == "{}");
  CHECK(index.project("misha")->machine == "mach_1");
  CHECK(index.machine("mach_2") == nullptr);
  CHECK(index.machine("mach_5") != nullptr);
}

TEST_CASE_FIXTURE(FollowFixture, "a file whose history is not the one that was followed is refused") {
  for (const char* id : {"m1", "m2", "m3"}) done(PutMachine{machine(id), true});
  follow();
  done(PutMachine{machine("m4"), true});
  done(PutMachine{machine("m5"), true});
  SUBCASE("it lacks a change") {
    run("DELETE FROM changes WHERE revision = 4");
    const auto refused = read();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kConflict);
    CHECK(problem == path + " lacks changes behind revision 3");
  }
  SUBCASE("it ends before") {
    run("DELETE FROM changes WHERE revision > 2");
    const auto refused = read();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kConflict);
    CHECK(problem == path + " is an older copy: it has no revision 3");
  }
  SUBCASE("it is of a newer schema") {
    run("PRAGMA user_version = 99");
    const auto refused = read();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  }
  SUBCASE("it is none of ours") {
    path = folder.file("text");
    std::ofstream(path) << std::string(5000, 'x');
    const auto refused = read();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kIo);
  }
  SUBCASE("a newer program has added to it, which changes nothing") {
    run("ALTER TABLE machines ADD COLUMN news TEXT NOT NULL DEFAULT ''; UPDATE additions SET level = level + 1");
    CHECK(texts_of(follow().transaction).size() == 2);
  }
}

}  // namespace
}  // namespace ingress::broker
