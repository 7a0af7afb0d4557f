#include <sys/resource.h>

#include <csignal>

#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

// One of each record.
void fill(StoreFixture& store) {
  store.done(PutMachine{StoreFixture::machine("mach_1"), true});
  store.done(PutMachine{StoreFixture::machine("mach_2", MachineState::kStarting), true});
  store.done(PutToken{Token{"tk_1", "mach_1", std::string(64, 'a'), "laptop", 5}});
  Project project = StoreFixture::project("misha", "mach_1");
  project.default_port = 4000;
  project.policy = R"({"host":"preserve"})";
  project.metadata = R"({"team":"x"})";
  project.created_at = 7;
  store.done(PutProject{project, true});
  store.done(PutService{Service{"misha", "docs", 4321, "", "{}"}, true});
  store.done(PutService{Service{"misha", "db", 5432, "mach_2", R"({"auth":"deny"})"}, true});
  Route route = StoreFixture::route("rt_1", {"b.example.com", "*.a.example.com"}, {"mach_2", "", "", 99});
  route.patterns.push_back({"c.example.com", {"", "misha", "docs", 0}, R"({"origin":"rewrite"})"});
  route.external_id = "ext";
  route.created_at = 9;
  store.done(PutRoute{route, true});
  store.done(PutDomain{Domain{"example.com", "misha", 11}});
}

void check_filled(const Snapshot& snapshot) {
  REQUIRE(snapshot.machines.size() == 2);
  CHECK(snapshot.machines[0].id == "mach_1");
  CHECK(snapshot.machines[0].state == MachineState::kActive);
  CHECK(snapshot.machines[0].created_at == 100);
  CHECK(snapshot.machines[1].state == MachineState::kStarting);
  REQUIRE(snapshot.tokens.size() == 1);
  CHECK(snapshot.tokens[0].sha256 == std::string(64, 'a'));
  CHECK(snapshot.tokens[0].machine == "mach_1");
  CHECK(snapshot.tokens[0].label == "laptop");
  REQUIRE(snapshot.projects.size() == 1);
  CHECK(snapshot.projects[0].machine == "mach_1");
  CHECK(snapshot.projects[0].default_port == 4000);
  CHECK(snapshot.projects[0].policy == R"({"host":"preserve"})");
  CHECK(snapshot.projects[0].metadata == R"({"team":"x"})");
  REQUIRE(snapshot.services.size() == 2);
  CHECK(snapshot.services[0].name == "db");
  CHECK(snapshot.services[0].machine == "mach_2");
  CHECK(snapshot.services[1].machine.empty());
  REQUIRE(snapshot.routes.size() == 1);
  CHECK(snapshot.routes[0].external_id == "ext");
  REQUIRE(snapshot.routes[0].patterns.size() == 3);
  CHECK(snapshot.routes[0].patterns[0].pattern == "b.example.com");
  CHECK(snapshot.routes[0].patterns[0].target.port == 99);
  CHECK(snapshot.routes[0].patterns[1].pattern == "*.a.example.com");
  CHECK(snapshot.routes[0].patterns[2].target.service == "docs");
  CHECK(snapshot.routes[0].patterns[2].policy == R"({"origin":"rewrite"})");
  REQUIRE(snapshot.domains.size() == 1);
  CHECK(snapshot.domains[0].project == "misha");
}

TEST_CASE_FIXTURE(StoreFixture, "what was committed is there after the file is opened again") {
  fill(*this);
  const Snapshot before = snapshot();
  check_filled(before);
  CHECK(before.revision == 9);  // a project with a machine is two changes
  reopen();
  const Snapshot after = snapshot();
  check_filled(after);
  CHECK(after.revision == 9);
  CHECK(done(DeleteDomain{"example.com"}) == 10);
}

TEST_CASE_FIXTURE(StoreFixture, "a new file is empty, at revision 0") {
  CHECK(snapshot().revision == 0);
  CHECK(snapshot().machines.empty());
  CHECK(changes().empty());
}

TEST_CASE_FIXTURE(StoreFixture, "a transaction is applied whole or not at all") {
  done(PutMachine{machine("mach_1"), true});
  const Outcome outcome = commit({PutMachine{machine("mach_2"), true}, PutProject{project("misha", "mach_2"), true},
                                  PutMachine{machine("mach-1"), true}});
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().error.code == ErrorCode::kConflict);
  CHECK(outcome.error().detail == "machine \"mach-1\" is taken by \"mach_1\"");
  CHECK(snapshot().machines.size() == 1);
  CHECK(snapshot().projects.empty());
  CHECK(snapshot().revision == 1);
  CHECK(changes().size() == 1);
}

TEST_CASE_FIXTURE(StoreFixture, "each change has a row with before and after, and no secret") {
  done(PutMachine{machine("mach_1"), true});
  done(PutToken{Token{"tk_1", "mach_1", std::string(64, 'a'), "laptop", 5}});
  done(PutProject{project("misha", "mach_1"), true});
  done(AttachMachine{"misha", ""});
  done(DeleteToken{"mach_1", "tk_1"});
  const std::vector<ChangeRow> rows = changes();
  REQUIRE(rows.size() == 6);
  const std::vector<std::string> operations = {"machine.create", "token.create",   "project.create",
                                               "project.attach", "project.detach", "token.delete"};
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].revision == static_cast<int64_t>(i) + 1);
    CHECK(rows[i].operation == operations[i]);
    CHECK(rows[i].actor == "tester");
    CHECK(rows[i].at == 1234);
    CHECK((rows[i].before + rows[i].after).find("aaaa") == std::string::npos);
  }
  CHECK(rows[0].subject == "mach_1");
  CHECK(rows[0].before.empty());
  CHECK(rows[0].after == R"({"id":"mach_1","state":"detached","defaultPort":3000,"metadata":{},"createdAt":100})");
  CHECK(rows[1].subject == "mach_1/tk_1");
  CHECK(rows[3].before == R"({"machine":""})");
  CHECK(rows[3].after == R"({"machine":"mach_1"})");
  CHECK(rows[5].before == R"({"id":"tk_1","machine":"mach_1","label":"laptop","createdAt":5})");
  CHECK(rows[5].after.empty());
  CHECK(changes(4).size() == 2);
  CHECK(changes(0, 2).size() == 2);
  CHECK(changes(6).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "on_committed gets what was applied, before the answer, in the order of revisions") {
  std::vector<std::string> seen;
  store->set_on_committed([&seen](const Transaction& transaction, int64_t revision, const auto& visible) {
    seen.push_back(std::to_string(revision) + ":" + std::to_string(transaction.changes.size()));
    for (const Change& change : transaction.changes) {
      if (const auto* put = std::get_if<PutRoute>(&change)) seen.push_back(put->route.patterns[0].pattern);
    }
    visible();
  });
  done(PutMachine{machine("m"), true});
  seen.emplace_back("answer");
  refused(PutMachine{machine("m"), true}, ErrorCode::kConflict);
  done(PutProject{project("misha", "m"), true});
  done(PutRoute{route("rt_1", {"A.Example.COM."}, {"m", "", "", 0})});
  const std::vector<std::string> expected = {"1:1", "answer", "3:2", "4:1", "a.example.com"};
  CHECK(seen == expected);
}

TEST_CASE_FIXTURE(StoreFixture,
                  "a thousand queued commits are all answered in order, and reads see what was queued before") {
  std::vector<int64_t> revisions;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "m" + std::to_string(i % 900);
    store->commit({"t", 0, {PutMachine{machine(id), true}}}, [this, &revisions](const Outcome& outcome) {
      revisions.push_back(outcome ? outcome->revision : -1);
      answered();
    });
  }
  size_t machines = 0;
  store->snapshot([this, &machines](const Result<Snapshot>& result) {
    machines = result->machines.size();
    answered();
  });
  wait(1001);
  REQUIRE(revisions.size() == 1000);
  for (int i = 0; i < 900; ++i) REQUIRE(revisions[static_cast<size_t>(i)] == i + 1);
  for (size_t i = 900; i < 1000; ++i) REQUIRE(revisions[i] == -1);
  CHECK(machines == 900);
}

TEST_CASE_FIXTURE(StoreFixture, "closing writes what was queued, and gives no answer after") {
  for (int i = 0; i < 50; ++i) {
    store->commit({"t", 0, {PutMachine{machine("m" + std::to_string(i)), true}}},
                  [this](const Outcome&) { answered(); });
  }
  reopen();
  CHECK(snapshot().machines.size() == 50);
}

TEST_CASE_FIXTURE(StoreFixture, "a reader sees the last commit while the store is open and after it is closed") {
  fill(*this);
  std::string problem;
  Result<Snapshot> read = read_snapshot(path, problem);
  REQUIRE_MESSAGE(read.has_value(), problem);
  check_filled(*read);
  CHECK(read->revision == 9);
  store.reset();
  read = read_snapshot(path, problem);
  REQUIRE_MESSAGE(read.has_value(), problem);
  check_filled(*read);
}

TEST_CASE_FIXTURE(StoreFixture, "readers and commits do not hinder each other") {
  int left = 100;
  for (int i = 0; i < 100; ++i) {
    store->commit({"t", 0, {PutMachine{machine("m" + std::to_string(i)), true}}},
                  [this, &left](const Outcome& outcome) {
                    CHECK(outcome.has_value());
                    --left;
                    answered();
                  });
    if (i % 10 != 0) continue;
    std::string problem;
    const Result<Snapshot> read = read_snapshot(path, problem);
    REQUIRE_MESSAGE(read.has_value(), problem);
    CHECK(static_cast<size_t>(read->revision) == read->machines.size());
  }
  wait(100);
  CHECK(left == 0);
}

TEST_CASE_FIXTURE(StoreFixture, "a change by another program is found, and nothing is written over it") {
  done(PutMachine{machine("m1"), true});
  {
    std::string problem;
    auto other = Store::open(loop, path, problem);
    REQUIRE(other.has_value());
    (*other)->commit({"other", 0, {PutMachine{machine("m2"), true}}}, [this](const Outcome&) { answered(); });
    wait(1);
  }
  CHECK(refused(PutMachine{machine("m3"), true}, ErrorCode::kConflict) ==
        "another program has changed the database: restart the broker");
  reopen();
  CHECK(snapshot().machines.size() == 2);
}

// Files of this process can grow no further, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE_FIXTURE(StoreFixture, "a full disk refuses a commit as io, changes nothing, and the next one goes through") {
  done(PutMachine{machine("m1"), true});
  int committed = 0;
  store->set_on_committed([&committed](const Transaction&, int64_t, const auto& visible) {
    ++committed;
    visible();
  });
  {
    const FullDisk full(size_t{16} * 1024);
    const std::string detail = refused(PutMachine{machine("m2"), true}, ErrorCode::kIo);
    CHECK(detail.starts_with("the database cannot be written: "));
    CHECK(snapshot().machines.size() == 1);
  }
  CHECK(committed == 0);
  CHECK(done(PutMachine{machine("m3"), true}) == 2);
  CHECK(committed == 1);
  reopen();
  CHECK(snapshot().machines.size() == 2);
}

TEST_CASE_FIXTURE(StoreFixture, "a snapshot is rebuilt by one transaction that moves no state") {
  done(PutMachine{machine("m", MachineState::kActive), true});
  done(PutProject{project("misha", "m"), true});
  done(PutMachine{machine("m", MachineState::kArchived)});
  const Transaction rebuilt = rebuild_transaction(snapshot());
  REQUIRE(rebuilt.changes.size() == 2);
  CHECK(std::get<PutMachine>(rebuilt.changes[0]).machine.state == MachineState::kArchived);
  CHECK(std::get<PutProject>(rebuilt.changes[1]).project.machine == "m");
}

}  // namespace
}  // namespace ingress::broker
