#include "broker/store/schema.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "common/base/log.h"
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

constexpr std::array kVersions = {kVersion1};
static_assert(kVersions.size() == static_cast<size_t>(db::kSchemaVersion));

// Policies of machines, owners, times to live, captures and paths, shares, limits of projects, access and join tokens.
constexpr const char* kAddition1 = R"sql(
ALTER TABLE machines ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE machines ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE machines ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX machines_by_owner ON machines (owner) WHERE owner <> '';
CREATE INDEX machines_by_expiry ON machines (expires_at) WHERE expires_at <> 0;
ALTER TABLE routes ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE routes ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX routes_by_owner ON routes (owner) WHERE owner <> '';
CREATE INDEX routes_by_expiry ON routes (expires_at) WHERE expires_at <> 0;
ALTER TABLE patterns ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE patterns ADD COLUMN machine_template TEXT NOT NULL DEFAULT '';
ALTER TABLE patterns ADD COLUMN project_template TEXT NOT NULL DEFAULT '';
CREATE TABLE shares (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  path TEXT NOT NULL,
  machine TEXT NOT NULL REFERENCES machines (id) ON DELETE CASCADE,
  port INTEGER NOT NULL,
  project TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shares_by_machine ON shares (machine);
CREATE INDEX shares_by_expiry ON shares (expires_at) WHERE expires_at <> 0;
CREATE INDEX shares_by_project ON shares (project) WHERE project <> '';
CREATE INDEX routes_by_external_id ON routes (external_id) WHERE external_id <> '';
ALTER TABLE projects ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE changes ADD COLUMN project TEXT NOT NULL DEFAULT '';
CREATE INDEX changes_by_project ON changes (project, revision) WHERE project <> '';
CREATE TABLE access_tokens (
  id TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE join_tokens (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  label TEXT NOT NULL,
  uses_left INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Which projects ask for a wildcard certificate.
constexpr const char* kAddition2 = R"sql(
ALTER TABLE projects ADD COLUMN wildcard_certificate INTEGER NOT NULL DEFAULT 0;
)sql";

// Whose wildcard stands for whose name, which tokens were rotated, and where the changes of a project begin. Names that
// have no `reversed` get one when the file is opened, which makes their indexes too (reversed_names.h).
constexpr const char* kAddition3 = R"sql(
ALTER TABLE patterns ADD COLUMN reversed TEXT NOT NULL DEFAULT '';
ALTER TABLE patterns ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE domains ADD COLUMN reversed TEXT NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN rotated INTEGER NOT NULL DEFAULT 0;
CREATE INDEX changes_that_make_projects ON changes (subject, revision) WHERE operation = 'project.create';
)sql";

constexpr std::array kAdditions = {kAddition1, kAddition2, kAddition3};
static_assert(kAdditions.size() == static_cast<size_t>(db::kSchemaAdditions));

// How many of the additions a file has; in a table of its own, so that a program that knows none of them reads the
// file.
constexpr const char* kLevelTable = "CREATE TABLE IF NOT EXISTS additions (level INTEGER NOT NULL) STRICT";

Status not_opened(std::string& problem, std::string sentence) {
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

// What a file has: both 0 for an empty one.
struct Found {
  int64_t version = 0;
  int64_t additions = 0;
};

Status read_version(db::Database& database, const std::string& path, int64_t newest, Found& found,
                    std::string& problem) {
  const int64_t version = found.version = number_of(database, "PRAGMA user_version");
  const int64_t application = number_of(database, "PRAGMA application_id");
  const int64_t objects = number_of(database, "SELECT count(*) FROM sqlite_schema");
  if (database.failed()) return failed(database, path, problem);
  if (objects == 0 && version == 0) return {};
  if (application != db::kApplicationId || version < 1) {
    return not_opened(problem, path + " is a database of another program; it is left as it is");
  }
  if (version > newest) return not_opened(problem, path + " " + db::of_newer_schema(version, newest));
  if (number_of(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'additions'") != 0) {
    found.additions = number_of(database, "SELECT level FROM additions");
  }
  return database.failed() ? failed(database, path, problem) : Status();
}

Status check_whole(db::Database& database, const std::string& path, std::string& problem) {
  db::Query query = database.query("PRAGMA quick_check(1)");
  const std::string answer = query.next() ? query.text(0) : "";
  if (database.failed()) return failed(database, path, problem);
  if (answer == "ok") return {};
  return not_opened(problem, path + " is damaged (" + answer + "): restore a backup");
}

void run_from(db::Database& database, int64_t first, std::span<const char* const> steps) {
  for (auto step = static_cast<size_t>(first); step < steps.size(); ++step) database.run(steps[step]);
}

void migrate(db::Database& database, const Found& found, const Schema& schema) {
  database.run("BEGIN IMMEDIATE");
  run_from(database, found.version, schema.versions);
  run_from(database, found.additions, schema.additions);
  database.run(kLevelTable);
  database.run("DELETE FROM additions");
  database.run(("INSERT INTO additions VALUES (" + std::to_string(schema.additions.size()) + ")").c_str());
  database.run(("PRAGMA application_id = " + std::to_string(db::kApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(schema.versions.size())).c_str());
  database.run("COMMIT");
}

std::string copy_name(const std::string& path, const Found& found) {
  const std::string name = path + ".v" + std::to_string(found.version);
  return found.additions == 0 ? name : name + "." + std::to_string(found.additions);
}

// A copy from an earlier upgrade is replaced by one that is whole: the file may be a backup put back since.
Status copy_before(db::Database& database, const std::string& path, const Found& found, std::string& problem) {
  const std::string copy = copy_name(path, found);
  const std::string unfinished = copy + ".tmp";
  std::remove(unfinished.c_str());
  database.query("VACUUM INTO ?").bind(unfinished).run();
  if (database.failed()) return failed(database, path, problem);
  if (std::rename(unfinished.c_str(), copy.c_str()) == 0) return {};
  const int why = errno;
  return not_opened(problem, "cannot write " + copy + ": " + std::generic_category().message(why));
}

}  // namespace

Schema newest_schema() { return {kVersions, kAdditions}; }

Status prepare_schema(db::Database& database, const std::string& path, const Schema& schema, std::string& problem) {
  Found found;
  const auto newest = static_cast<int64_t>(schema.versions.size());
  if (Status read = read_version(database, path, newest, found, problem); !read) return read;
  if (Status whole = check_whole(database, path, problem); !whole) return whole;
  // A bulk import touches pages everywhere: 32 MB of them are kept, and the log is folded in by 64 MB, so that
  // those that every transaction touches are written once.
  database.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768; "
      "PRAGMA wal_autocheckpoint = 16000;");
  const bool whole_schema = found.version == newest && found.additions >= static_cast<int64_t>(schema.additions.size());
  if (whole_schema) return database.failed() ? failed(database, path, problem) : Status();
  if (found.version > 0) {
    // Of a million routes it takes a minute or more.
    log_info("database_migrating", {{"path", path},
                                    {"version", static_cast<long long>(found.version)},
                                    {"additions", static_cast<long long>(found.additions)}});
    if (Status copied = copy_before(database, path, found, problem); !copied) return copied;
  }
  if (!database.failed()) migrate(database, found, schema);
  return database.failed() ? failed(database, path, problem) : Status();
}

Status check_schema(db::Database& database, const std::string& path, std::string& problem) {
  Found found;
  if (Status read = read_version(database, path, db::kSchemaVersion, found, problem); !read) return read;
  if (found.version == 0) return not_opened(problem, path + " is an empty file, not a database of ours");
  if (found.additions >= db::kSchemaAdditions) return {};
  return not_opened(problem, path + " is of an older broker: start the new one on it first, which brings it up");
}

Status check_version(const std::string& path, std::string& problem) {
  if (::access(path.c_str(), F_OK) != 0) return {};
  Result<std::unique_ptr<db::Database>> database = db::Database::open_to_read(path, problem);
  if (!database) return tl::unexpected(database.error());
  Found found;
  return read_version(**database, path, db::kSchemaVersion, found, problem);
}

}  // namespace ingress::broker
