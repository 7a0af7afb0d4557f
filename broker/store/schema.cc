#include "broker/store/schema.h"

#include <array>

#include "common/database/format.h"

namespace ingress::broker {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE machines (
  id TEXT PRIMARY KEY,
  alias TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  default_port INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  machine TEXT NOT NULL REFERENCES machines (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (machine, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE projects (
  slug TEXT PRIMARY KEY,
  machine TEXT REFERENCES machines (id),
  default_port INTEGER NOT NULL,
  suspended INTEGER NOT NULL,
  policy TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX projects_by_machine ON projects (machine) WHERE machine IS NOT NULL;
CREATE TABLE services (
  project TEXT NOT NULL REFERENCES projects (slug) ON DELETE CASCADE,
  name TEXT NOT NULL,
  port INTEGER NOT NULL,
  machine TEXT REFERENCES machines (id),
  policy TEXT NOT NULL,
  PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX services_by_machine ON services (machine) WHERE machine IS NOT NULL;
CREATE TABLE routes (
  id TEXT PRIMARY KEY,
  external_id TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE patterns (
  pattern TEXT PRIMARY KEY,
  route TEXT NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  machine TEXT REFERENCES machines (id),
  project TEXT REFERENCES projects (slug),
  service TEXT NOT NULL,
  port INTEGER NOT NULL,
  policy TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX patterns_by_route ON patterns (route, position);
CREATE INDEX patterns_by_machine ON patterns (machine) WHERE machine IS NOT NULL;
CREATE INDEX patterns_by_project ON patterns (project) WHERE project IS NOT NULL;
CREATE TABLE domains (
  name TEXT PRIMARY KEY,
  project TEXT NOT NULL REFERENCES projects (slug) ON DELETE CASCADE,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_by_project ON domains (project);
CREATE TABLE changes (
  revision INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  operation TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL
) STRICT;
)sql";

constexpr std::array kMigrations = {kVersion1};
static_assert(kMigrations.size() == static_cast<size_t>(db::kSchemaVersion));

Status refuse(std::string& problem, std::string sentence) {
  problem = std::move(sentence);
  return fail(ErrorCode::kInvalidArgument, Side::kInternal, "opening the database");
}

Status failed(const db::Database& database, const std::string& path, std::string& problem) {
  problem = "cannot use " + path + ": " + database.failure();
  return tl::unexpected(database.error());
}

int64_t number_of(db::Database& database, const char* sql) {
  db::Query query = database.query(sql);
  return query.next() ? query.number(0) : 0;
}

// The file's version, 0 for an empty one.
Status read_version(db::Database& database, const std::string& path, int64_t newest, int64_t& version,
                    std::string& problem) {
  version = number_of(database, "PRAGMA user_version");
  const int64_t application = number_of(database, "PRAGMA application_id");
  const int64_t objects = number_of(database, "SELECT count(*) FROM sqlite_schema");
  if (database.failed()) return failed(database, path, problem);
  if (objects == 0 && version == 0) return {};
  if (application != db::kApplicationId || version < 1) {
    return refuse(problem, path + " is a database of another program; it is left as it is");
  }
  if (version > newest) {
    return refuse(problem, path + " has schema version " + std::to_string(version) +
                               "; this program knows versions up to " + std::to_string(newest) +
                               ": use a newer program, or the copy from before the upgrade");
  }
  return {};
}

Status check_whole(db::Database& database, const std::string& path, std::string& problem) {
  db::Query query = database.query("PRAGMA quick_check(1)");
  const std::string answer = query.next() ? query.text(0) : "";
  if (database.failed()) return failed(database, path, problem);
  if (answer == "ok") return {};
  return refuse(problem, path + " is damaged (" + answer + "): restore a backup");
}

void migrate(db::Database& database, int64_t version, std::span<const char* const> steps) {
  database.run("BEGIN IMMEDIATE");
  for (auto step = static_cast<size_t>(version); step < steps.size(); ++step) database.run(steps[step]);
  database.run(("PRAGMA application_id = " + std::to_string(db::kApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(steps.size())).c_str());
  database.run("COMMIT");
}

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }

Status prepare_schema(db::Database& database, const std::string& path, std::span<const char* const> steps,
                      std::string& problem) {
  int64_t version = 0;
  const auto newest = static_cast<int64_t>(steps.size());
  if (Status read = read_version(database, path, newest, version, problem); !read) return read;
  if (Status whole = check_whole(database, path, problem); !whole) return whole;
  database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
  if (version == newest) return database.failed() ? failed(database, path, problem) : Status();
  if (version > 0) {
    database.query("VACUUM INTO ?").bind(path + ".v" + std::to_string(version)).run();
  }
  if (!database.failed()) migrate(database, version, steps);
  return database.failed() ? failed(database, path, problem) : Status();
}

Status check_schema(db::Database& database, const std::string& path, std::string& problem) {
  int64_t version = 0;
  const auto newest = static_cast<int64_t>(kMigrations.size());
  if (Status read = read_version(database, path, newest, version, problem); !read) return read;
  if (version == 0) return refuse(problem, path + " is an empty file, not a database of ours");
  return {};
}

}  // namespace ingress::broker
