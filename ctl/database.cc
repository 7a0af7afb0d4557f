#include "ctl/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <array>

namespace ingress::ctl {
namespace {

constexpr long long kApplicationId = 0x696e6772;
constexpr long long kNewestSchema = 1;

struct Noun {
  const char* name;
  const char* sql;
};

// One JSON object a row, its members as the admin API names them. Times are seconds there, RFC 3339 here.
#define INGRESS_TIME(column) "strftime('%Y-%m-%dT%H:%M:%SZ', " column ", 'unixepoch')"
constexpr auto kNouns = std::to_array<Noun>({
    {"machines",
     "SELECT json_object('id', id, 'state', state, 'defaultPort', default_port, 'metadata', json(metadata), "
     "'createdAt', " INGRESS_TIME("created_at") ") FROM machines ORDER BY id"},
    {"tokens", "SELECT json_object('id', id, 'machine', machine, 'label', label, 'createdAt', " INGRESS_TIME(
                   "created_at") ") FROM tokens ORDER BY machine, id"},
    {"projects",
     "SELECT json_object('slug', slug, 'machine', machine, 'defaultPort', default_port, 'suspended', "
     "json(iif(suspended, 'true', 'false')), 'policy', json(policy), 'metadata', json(metadata), "
     "'createdAt', " INGRESS_TIME("created_at") ") FROM projects ORDER BY slug"},
    {"services",
     "SELECT json_object('project', project, 'name', name, 'port', port, 'machine', machine, 'policy', json(policy)) "
     "FROM services ORDER BY project, name"},
    {"domains", "SELECT json_object('name', name, 'project', project, 'createdAt', " INGRESS_TIME(
                    "created_at") ") FROM domains ORDER BY name"},
    {"changes",
     "SELECT json_object('revision', revision, 'at', strftime('%Y-%m-%dT%H:%M:%S', at / 1000, 'unixepoch') || "
     "printf('.%03dZ', at % 1000), 'actor', actor, 'operation', operation, 'subject', subject, 'before', "
     "json(nullif(before, '')), 'after', json(nullif(after, ''))) FROM changes ORDER BY revision"},
});
constexpr const char* kRoutes =
    "SELECT json_object('id', id, 'patterns', json_array(), 'externalId', nullif(external_id, ''), 'metadata', "
    "json(metadata), 'createdAt', " INGRESS_TIME("created_at") ") FROM routes ORDER BY id";
// Absent parts of a target are left out.
constexpr const char* kPatterns =
    "SELECT json_object('route', route, 'item', json_object('pattern', pattern, 'target', json_patch('{}', "
    "json_object('machine', machine, 'project', project, 'service', nullif(service, ''), 'port', nullif(port, 0))), "
    "'policy', json(policy))) FROM patterns ORDER BY route, position";
#undef INGRESS_TIME

std::string uri_of(const std::string& path, const char* parameters) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      std::array<char, 4> hex{};
      sqlite3_snprintf(static_cast<int>(hex.size()), hex.data(), "%%%02x", static_cast<unsigned char>(c));
      uri += hex.data();
    } else {
      uri += c;
    }
  }
  return uri + parameters;
}

bool has_log(const std::string& path) {
  struct stat info {};
  return ::stat((path + "-wal").c_str(), &info) == 0 && info.st_size > 0;
}

}  // namespace

Outcome<std::unique_ptr<Database>> Database::open(const std::string& path) {
  // Without a log beside it the file is whole, and needs no lock: it may lie on a read-only medium.
  const char* parameters = has_log(path) ? "?mode=ro" : "?mode=ro&immutable=1";
  constexpr int kBusyTimeoutMs = 5000;
  sqlite3* handle = nullptr;
  const int status = sqlite3_open_v2(uri_of(path, parameters).c_str(), &handle,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (status != SQLITE_OK) return failed("cannot open " + path + ": " + database->problem());
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  if (const auto good = database->check(path); !good) return tl::unexpected(good.error());
  return database;
}

Database::~Database() { sqlite3_close(handle_); }

std::string Database::problem() const { return handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_); }

Outcome<bool> Database::check(const std::string& path) {
  const auto application = number("PRAGMA application_id");
  if (!application) return failed("cannot read " + path + ": " + application.error().sentence);
  const auto version = number("PRAGMA user_version");
  if (!version) return failed("cannot read " + path + ": " + version.error().sentence);
  if (*application != kApplicationId || *version < 1) return failed(path + " is not a database of ingress-broker");
  if (*version > kNewestSchema) {
    return failed(path + " is of a newer broker (schema " + std::to_string(*version) + "): use its ingressctl");
  }
  return true;
}

Outcome<long long> Database::number(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK) return failed(problem());
  const bool row = sqlite3_step(statement) == SQLITE_ROW;
  const long long value = row ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  if (!row) return failed(problem());
  return value;
}

Outcome<Json> Database::rows(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK) return failed(problem());
  Json items = Json::array();
  int status = sqlite3_step(statement);
  for (; status == SQLITE_ROW; status = sqlite3_step(statement)) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    Json item = Json::parse(text == nullptr ? "" : text, nullptr, false);
    if (item.is_object()) items.push_back(std::move(item));
  }
  const std::string sentence = problem();
  sqlite3_finalize(statement);
  if (status != SQLITE_DONE) return failed(sentence);
  return items;
}

// Both are in the order of the route's id: one pass.
Outcome<Json> Database::routes() {
  Outcome<Json> routes = rows(kRoutes);
  if (!routes) return routes;
  Outcome<Json> patterns = rows(kPatterns);
  if (!patterns) return patterns;
  auto route = routes->begin();
  for (Json& pattern : *patterns) {
    while (route != routes->end() && (*route)["id"] != pattern["route"]) ++route;
    if (route == routes->end()) break;
    (*route)["patterns"].push_back(std::move(pattern["item"]));
  }
  return routes;
}

Outcome<Json> Database::items(const std::string& noun) {
  if (noun == "routes") return routes();
  for (const Noun& each : kNouns) {
    if (noun == each.name) return rows(each.sql);
  }
  return failed("a database file does not say this: ask a running broker, without --db");
}

}  // namespace ingress::ctl
