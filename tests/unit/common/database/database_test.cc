#include "common/database/database.h"

#include <cerrno>
#include <fstream>

#include "tests/unit/temporary_folder.h"

namespace ingress::db {
namespace {

std::unique_ptr<Database> open(const std::string& path) {
  std::string problem;
  auto database = Database::open(path, Database::Mode::kReadWrite, problem);
  REQUIRE_MESSAGE(database.has_value(), problem);
  return std::move(*database);
}

std::unique_ptr<Database> filled(const std::string& path) {
  auto database = open(path);
  database->run("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2);");
  REQUIRE_MESSAGE(!database->failed(), database->failure());
  return database;
}

int64_t rows(Database& database) {
  Query query = database.query("SELECT count(*) FROM t");
  return query.next() ? query.number(0) : -1;
}

TEST_CASE("a copy is the whole database at one moment, while it is written") {
  const TemporaryFolder folder;
  const auto source = filled(folder.file("a.db"));
  source->run("BEGIN; INSERT INTO t VALUES (3);");  // not committed
  std::string problem;
  auto reader = Database::open_to_read(folder.file("a.db"), problem);
  REQUIRE_MESSAGE(reader.has_value(), problem);
  const auto copy = open(folder.file("b.db"));
  (*reader)->copy_to(*copy);
  source->run("COMMIT");
  CHECK_FALSE(source->failed());
  CHECK_FALSE(copy->failed());
  CHECK(rows(*source) == 3);
  CHECK(rows(*copy) == 2);
}

TEST_CASE("a copy to a file that another connection has locked fails as busy") {
  const TemporaryFolder folder;
  const auto source = filled(folder.file("a.db"));
  const auto holder = open(folder.file("b.db"));
  holder->run("CREATE TABLE t (x); BEGIN EXCLUSIVE;");
  const auto copy = open(folder.file("b.db"));
  copy->run("PRAGMA busy_timeout = 1");
  source->copy_to(*copy);
  CHECK(copy->failed());
  CHECK(copy->busy());
  copy->clear_failure();
  CHECK_FALSE(copy->busy());
  holder->run("COMMIT");
  source->copy_to(*copy);
  CHECK(rows(*copy) == 2);
}

TEST_CASE("what is opened to read is not written, and the failure says so as EROFS") {
  const TemporaryFolder folder;
  filled(folder.file("a.db"));
  std::string problem;
  auto reader = Database::open_to_read(folder.file("a.db"), problem);
  REQUIRE_MESSAGE(reader.has_value(), problem);
  CHECK(rows(**reader) == 2);
  (*reader)->run("INSERT INTO t VALUES (3)");
  CHECK((*reader)->failed());
  CHECK((*reader)->error().sys_errno == EROFS);
  CHECK_FALSE((*reader)->busy());
}

TEST_CASE("a file that is no database opens to be read, and the first query fails") {
  const TemporaryFolder folder;
  std::ofstream(folder.file("text")) << std::string(5000, 'x');
  std::string problem;
  auto reader = Database::open_to_read(folder.file("text"), problem);
  REQUIRE_MESSAGE(reader.has_value(), problem);
  CHECK(rows(**reader) == -1);
  CHECK((*reader)->failed());
  CHECK_FALSE(Database::open_to_read(folder.file("none"), problem).has_value());
  CHECK_FALSE(std::filesystem::exists(folder.file("none")));
}

}  // namespace
}  // namespace ingress::db
