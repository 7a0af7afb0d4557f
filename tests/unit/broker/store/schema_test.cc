#include "broker/store/schema.h"

#include <fstream>

#include "common/database/format.h"
#include "tests/unit/broker/store/store_fixture.h"

namespace ingress::broker {
namespace {

std::unique_ptr<db::Database> open(const std::string& path) {
  std::string problem;
  Result<std::unique_ptr<db::Database>> database = db::Database::open(path, db::Database::Mode::kReadWrite, problem);
  REQUIRE_MESSAGE(database.has_value(), problem);
  return std::move(*database);
}

void run(const std::string& path, const char* sql) {
  const auto database = open(path);
  database->run(sql);
  REQUIRE_MESSAGE(!database->failed(), database->failure());
}

std::string refused_file(uv::Loop& loop, const std::string& path) {
  std::string problem;
  REQUIRE_FALSE(Store::open(loop, path, problem).has_value());
  return problem;
}

int64_t number(db::Database& database, const char* sql) {
  db::Query query = database.query(sql);
  REQUIRE(query.next());
  return query.number(0);
}

TEST_CASE_FIXTURE(StoreFixture, "a newer schema is refused with a sentence, by writer and reader") {
  store.reset();
  run(path, "PRAGMA user_version = 7");
  const std::string expected =
      path +
      " has schema version 7; this program knows versions up to 1: use a newer program, or the copy "
      "from before the upgrade";
  CHECK(refused_file(loop, path) == expected);
  std::string problem;
  CHECK_FALSE(read_snapshot(path, problem).has_value());
  CHECK(problem == expected);
}

TEST_CASE_FIXTURE(StoreFixture, "another program's database is left as it is") {
  const std::string other = folder.file("other.db");
  run(other, "CREATE TABLE t (x); PRAGMA user_version = 1;");
  CHECK(refused_file(loop, other) == other + " is a database of another program; it is left as it is");
}

TEST_CASE_FIXTURE(StoreFixture, "a file that is no database, a damaged one, and a folder are refused") {
  const std::string text = folder.file("text.db");
  std::ofstream(text) << std::string(5000, 'x');
  CHECK(refused_file(loop, text).find("not a database") != std::string::npos);
  CHECK(refused_file(loop, folder.file("no/such/folder.db")).find("No such file") != std::string::npos);
  CHECK(refused_file(loop, folder.file("")).find("cannot open") != std::string::npos);
  for (int i = 0; i < 200; ++i) done(PutMachine{machine("m" + std::to_string(i)), true});
  store.reset();
  {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    for (int page = 1; page < 12; ++page) {
      file.seekp(page * std::streamoff{4096});
      file << std::string(64, '\x7f');
    }
  }
  const std::string problem = refused_file(loop, path);
  CHECK(problem.starts_with(path + " is damaged"));
}

TEST_CASE_FIXTURE(StoreFixture, "a reader makes no file, and says when there is none") {
  std::string problem;
  const std::string none = folder.file("none.db");
  CHECK_FALSE(read_snapshot(none, problem).has_value());
  CHECK(problem.starts_with("cannot open " + none));
  CHECK_FALSE(std::filesystem::exists(none));
  std::ofstream(folder.file("empty.db")).close();
  CHECK_FALSE(read_snapshot(folder.file("empty.db"), problem).has_value());
  CHECK(problem.find("empty file") != std::string::npos);
}

TEST_CASE_FIXTURE(StoreFixture, "the file is read by its owner and group alone, synced at each commit") {
  const auto mode = std::filesystem::status(path).permissions();
  CHECK((mode & std::filesystem::perms::others_all) == std::filesystem::perms::none);
  store.reset();
  std::string problem;
  const auto database = open(path);
  REQUIRE(prepare_schema(*database, path, newest_schema(), problem).has_value());
  CHECK(number(*database, "PRAGMA synchronous") == 2);
  CHECK(number(*database, "PRAGMA foreign_keys") == 1);
  CHECK(database->query("PRAGMA journal_mode").next());
  CHECK(number(*database, "PRAGMA user_version") == 1);
  CHECK(number(*database, "PRAGMA application_id") == db::kApplicationId);
}

TEST_CASE("an older schema is copied, then brought up in one transaction") {
  const TemporaryFolder folder;
  const std::string path = folder.file("routes.db");
  const std::vector<const char*> first = {"CREATE TABLE a (x); INSERT INTO a VALUES (1);"};
  const std::vector<const char*> second = {first[0], "CREATE TABLE b (y); INSERT INTO b SELECT x + 1 FROM a;"};
  std::string problem;
  REQUIRE(prepare_schema(*open(path), path, {first, {}}, problem).has_value());
  {
    const auto database = open(path);
    REQUIRE_MESSAGE(prepare_schema(*database, path, {second, {}}, problem).has_value(), problem);
    CHECK(number(*database, "PRAGMA user_version") == 2);
    CHECK(number(*database, "SELECT y FROM b") == 2);
  }
  const auto copy = open(path + ".v1");
  CHECK(number(*copy, "PRAGMA user_version") == 1);
  CHECK(number(*copy, "SELECT count(*) FROM sqlite_schema") == 2);
  CHECK(number(*copy, "SELECT x FROM a") == 1);
}

TEST_CASE("an addition leaves the version, so that the program from before it opens the file, and comes back to it") {
  const TemporaryFolder folder;
  const std::string path = folder.file("routes.db");
  const std::vector<const char*> versions = {"CREATE TABLE a (x); INSERT INTO a VALUES (1);"};
  const std::vector<const char*> additions = {"ALTER TABLE a ADD COLUMN y NOT NULL DEFAULT 7;", "CREATE TABLE c (z);"};
  const Schema before{versions, {}};
  const Schema after{versions, additions};
  std::string problem;
  REQUIRE(prepare_schema(*open(path), path, before, problem).has_value());
  REQUIRE_MESSAGE(prepare_schema(*open(path), path, {versions, std::span(additions).first(1)}, problem).has_value(),
                  problem);
  REQUIRE_MESSAGE(prepare_schema(*open(path), path, before, problem).has_value(), problem);
  run(path, "INSERT INTO a (x) VALUES (2)");
  REQUIRE_MESSAGE(prepare_schema(*open(path), path, after, problem).has_value(), problem);
  REQUIRE_MESSAGE(prepare_schema(*open(path), path, after, problem).has_value(), problem);
  const auto database = open(path);
  CHECK(number(*database, "PRAGMA user_version") == 1);
  CHECK(number(*database, "SELECT sum(y) FROM a") == 14);
  CHECK(number(*database, "SELECT count(*) FROM c") == 0);
  CHECK(number(*open(path + ".v1"), "SELECT count(*) FROM a") == 1);
  CHECK(number(*open(path + ".v1.1"), "SELECT count(*) FROM a") == 2);
}

TEST_CASE_FIXTURE(StoreFixture, "names that an older program wrote are found by their end once the file is opened") {
  done(PutMachine{machine("mach_1"), true});
  done(PutProject{project("misha"), true});
  Route owned = route("rt_1", {"app.example.com/api/*"}, {"mach_1"});
  owned.owner = "misha";
  done(PutRoute{owned, true});
  done(PutDomain{{"shop.example.com", "misha", 0}});
  store.reset();
  run(path, "UPDATE patterns SET reversed = '', owner = ''; UPDATE domains SET reversed = ''");
  reopen();
  std::string found;
  store->read(
      [&found](Tables& tables) {
        const Tables::Look add = [&found](std::string_view name, std::string_view owner) {
          found.append(name).append(" ").append(owner).append(" ");
          return false;
        };
        tables.find_host(".example.com", false, add);
        tables.find_host("a_p.example.com", true, add);
        tables.find_host("app.example.com", true, add);
        tables.find_host("pp.example.com", true, add);
        tables.find_domain(".example.com", false, add);
        tables.find_domain("example.com", true, add);
      },
      [this](Status) { answered(); });
  wait(1);
  CHECK(found == "app.example.com misha app.example.com misha shop.example.com misha ");
}

TEST_CASE_FIXTURE(StoreFixture, "names of a file from before them are filled, and their indexes made behind that") {
  done(PutMachine{machine("mach_1"), true});
  done(PutProject{project("misha"), true});
  done(PutRoute{route("rt_1", {"a__b.example.com/api/*", "c.example.com"}, {"mach_1"}), true});
  done(PutDomain{{"shop.example.com", "misha", 0}});
  store.reset();
  // As a fill leaves it that was cut off.
  run(path,
      "DROP INDEX patterns_by_reversed; DROP INDEX domains_by_reversed; UPDATE domains SET reversed = ''; "
      "UPDATE patterns SET reversed = '' WHERE pattern = 'a__b.example.com/api/*'");
  reopen();
  store.reset();
  const auto database = open(path);
  CHECK(number(*database, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%_by_reversed'") == 2);
  CHECK(number(*database, "SELECT count(*) FROM patterns WHERE reversed = 'moc.elpmaxe.b--a'") == 1);
  CHECK(number(*database, "SELECT count(*) FROM patterns WHERE reversed = ''") == 0);
  CHECK(number(*database, "SELECT count(*) FROM domains WHERE reversed = 'moc.elpmaxe.pohs'") == 1);
}

TEST_CASE("a copy from before an earlier upgrade is replaced") {
  const TemporaryFolder folder;
  const std::string path = folder.file("routes.db");
  const std::vector<const char*> first = {"CREATE TABLE a (x); INSERT INTO a VALUES (1);"};
  const std::vector<const char*> second = {first[0], "CREATE TABLE b (y);"};
  std::string problem;
  REQUIRE(prepare_schema(*open(path), path, {first, {}}, problem).has_value());
  std::ofstream(path + ".v1") << "an older copy";
  std::ofstream(path + ".v1.tmp") << "one that was cut off";
  REQUIRE_MESSAGE(prepare_schema(*open(path), path, {second, {}}, problem).has_value(), problem);
  CHECK(number(*open(path + ".v1"), "SELECT x FROM a") == 1);
  CHECK_FALSE(std::filesystem::exists(path + ".v1.tmp"));
}

TEST_CASE("a migration that fails leaves the file as it was") {
  const TemporaryFolder folder;
  const std::string path = folder.file("routes.db");
  const std::vector<const char*> first = {"CREATE TABLE a (x);"};
  const std::vector<const char*> broken = {first[0], "CREATE TABLE b (y); INSERT INTO nowhere VALUES (1);"};
  std::string problem;
  REQUIRE(prepare_schema(*open(path), path, {first, {}}, problem).has_value());
  CHECK_FALSE(prepare_schema(*open(path), path, {broken, {}}, problem).has_value());
  CHECK(problem.find("nowhere") != std::string::npos);
  const auto database = open(path);
  CHECK(number(*database, "PRAGMA user_version") == 1);
  CHECK(number(*database, "SELECT count(*) FROM sqlite_schema") == 2);
}

}  // namespace
}  // namespace ingress::broker
