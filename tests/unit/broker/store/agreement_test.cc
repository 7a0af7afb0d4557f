// The store and the index follow the same rules: an index that was changed by each commit equals one that is rebuilt
// from the tables, and one that another process changes by what it reads from the file.
#include <algorithm>
#include <random>

#include "broker/routing/route_index.h"
#include "broker/store/followed_changes.h"
#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

class RandomChanges {
 public:
  Change next() {
    switch (random_() % 13) {
      case 0:
        return PutMachine{machine_record(), coin()};
      case 1:
        return DeleteMachine{machine()};
      case 2:
        return PutToken{Token{"tk", machine(), std::string(64, coin() ? 'a' : 'b'), "", 0}};
      case 3:
        return DeleteToken{machine(), "tk"};
      case 4:
        return PutProject{project_record(), coin()};
      case 5:
        return random_() % 4 == 0 ? Change(DeleteProject{project()}) : Change(AttachMachine{project(), machine()});
      case 6:
        return AttachMachine{project(), coin() ? machine() : ""};
      case 7:
        return PutService{Service{project(), service(), port(), coin() ? machine() : "", policy()}, coin()};
      case 8:
        return DeleteService{project(), service()};
      case 9:
      case 10:
        return PutRoute{route_record(), coin(), coin()};
      case 11:
        return coin() ? Change(DeleteRoute{route()}) : Change(DeleteDomain{domain()});
      default:
        return PutDomain{Domain{domain(), project(), 0}};
    }
  }
  size_t below(size_t limit) { return random_() % limit; }

 private:
  bool coin() { return random_() % 2 == 0; }
  std::string one_of(std::initializer_list<const char*> words) { return words.begin()[random_() % words.size()]; }
  std::string machine() { return one_of({"m_1", "m-2", "m3", "m4"}); }
  std::string project() { return one_of({"p1", "p2", "p3"}); }
  std::string service() { return one_of({"docs", "api"}); }
  std::string route() { return one_of({"r1", "r2", "r3"}); }
  std::string domain() { return one_of({"d.com", "x.e.com"}); }
  std::string policy() { return one_of({"{}", R"({"auth":"deny"})", R"({"host":"preserve"})"}); }
  int port() { return static_cast<int>(4000 + random_() % 3); }

  // Over from the first second on, some of them.
  int64_t end() { return random_() % 3 == 0 ? 1 : 0; }

  Machine machine_record() {
    Machine record = StoreFixture::machine(machine(), static_cast<MachineState>(random_() % 4));
    record.expires_at = end();
    return record;
  }
  Project project_record() {
    Project record = StoreFixture::project(project(), coin() ? machine() : "");
    record.suspended = random_() % 5 == 0;
    record.policy = policy();
    return record;
  }
  Route route_record() {
    Route record;
    record.id = route();
    record.expires_at = end();
    for (size_t i = 0; i <= below(2); ++i) {
      RouteTarget target;
      if (coin()) {
        target.machine = machine();
      } else {
        target.project = project();
        if (coin()) target.service = service();
      }
      record.patterns.push_back({one_of({"x.e.com", "*.e.com", "**.e.com", "Y.e.com", "a*.e.com"}), target, policy()});
    }
    return record;
  }

  std::mt19937 random_{11};
};

// Everything that an index answers about the names above, as text.
std::string answers(const RouteIndex& index) {
  std::string all;
  const auto resolve = [&index, &all](const std::string& host) {
    Resolution out;
    const Status done = index.resolve({host}, out);
    all += host + " ";
    if (!done) {
      all += std::string(name_of(done.error().code)) + "\n";
      return;
    }
    all += std::string(out.machine) + ":" + std::to_string(out.port) + " " + std::string(out.project) + " " +
           std::string(out.service) + " " + std::string(out.route_id) + " " + std::string(out.pattern) +
           (out.policy.is_denied() ? " deny" : "") + (out.policy.host() == http::HostMode::kPreserve ? " host" : "") +
           " " + std::to_string(static_cast<int>(out.machine_state)) + "\n";
  };
  for (const std::string id : {"m_1", "m-2", "m3", "m4"}) {
    resolve(id + ".machines.iterate.app");
    resolve("4001__" + id + ".machines.iterate.app");
    all += index.token_machine(id, std::string(64, 'a'));
    std::vector<std::string> hosts = index.hosts_of(id, {}, 0);
    std::sort(hosts.begin(), hosts.end());
    for (const std::string& host : hosts) all += host + " ";
  }
  for (const std::string slug : {"p1", "p2", "p3"}) {
    for (const std::string prefix : {"", "4000__", "docs__", "api."}) resolve(prefix + slug + ".iterate.app");
  }
  for (const std::string host : {"d.com", "4002.d.com", "docs.d.com", "x.e.com", "y.e.com", "ab.e.com", "z.e.com",
                                 "q.z.e.com", "docs.x.e.com"}) {
    resolve(host);
  }
  return all;
}

TEST_CASE_FIXTURE(StoreFixture, "an index that follows the commits equals one that is rebuilt from the file") {
  const RoutingOptions options{{"iterate.app"}, {}};
  RouteIndex live(options);
  store->set_on_committed([&live](const Transaction& transaction, int64_t, const auto& visible) {
    live.apply(transaction);
    visible();
  });
  RandomChanges random;
  int committed = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 25; ++i) {
      std::vector<Change> changes;
      for (size_t n = 0; n <= random.below(2); ++n) changes.push_back(random.next());
      store->commit({"t", 1000, std::move(changes)}, [this, &committed](const Outcome& outcome) {
        if (outcome) ++committed;
        answered();
      });
    }
    wait(25);
    RouteIndex rebuilt(options);
    rebuilt.apply(rebuild_transaction(snapshot()));
    REQUIRE(answers(live) == answers(rebuilt));
  }
  CHECK(committed > 300);
}

TEST_CASE_FIXTURE(StoreFixture, "an index that follows the file, some changes at a time, equals one that is rebuilt") {
  const RoutingOptions options{{"iterate.app"}, {}};
  RouteIndex followed(options);
  std::string problem;
  auto file = db::Database::open(path, db::Database::Mode::kReadOnly, problem);
  REQUIRE_MESSAGE(file.has_value(), problem);
  RandomChanges random;
  int64_t revision = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 25; ++i) {
      std::vector<Change> changes;
      for (size_t n = 0; n <= random.below(2); ++n) changes.push_back(random.next());
      store->commit({"t", round * 25 + i, std::move(changes)}, [this](const Outcome&) { answered(); });
    }
    wait(25);
    for (bool more = true; more;) {
      const auto read = changes_behind(**file, path, revision, static_cast<int>(1 + random.below(9)), problem);
      REQUIRE_MESSAGE(read.has_value(), problem);
      CHECK(read->left_out.empty());
      followed.apply(read->transaction);
      revision = read->revision;
      more = read->more;
    }
    RouteIndex rebuilt(options);
    rebuilt.apply(rebuild_transaction(snapshot()));
    REQUIRE(answers(followed) == answers(rebuilt));
  }
  CHECK(revision > 300);
}

}  // namespace
}  // namespace ingress::broker
