#include "ctl/database.h"

#include <array>
#include <utility>

#include "common/database/format.h"

namespace ingress::ctl {
namespace {

struct Noun {
  const char* name;
  const char* sql;
};

// One JSON object a row, its members as the admin API names them. Times are seconds there, RFC 3339 here.
#define INGRESS_TIME(column) "strftime('%Y-%m-%dT%H:%M:%SZ', " column ", 'unixepoch')"
constexpr auto kNouns = std::to_array<Noun>({
    {"machines",
     "SELECT json_object('id', id, 'state', state, 'defaultPort', default_port, 'metadata', json(metadata), "
     "'createdAt', " INGRESS_TIME("created_at") ", 'owner', nullif(owner, ''), 'policy', json(policy), "
                                                "'expiresAt', " INGRESS_TIME(
                                                    "nullif(expires_at, 0)") ") FROM machines ORDER BY id"},
    {"tokens", "SELECT json_object('id', id, 'machine', machine, 'label', label, 'createdAt', " INGRESS_TIME(
                   "created_at") ") FROM tokens ORDER BY machine, id"},
    {"projects",
     "SELECT json_object('slug', slug, 'machine', machine, 'defaultPort', default_port, 'suspended', "
     "json(iif(suspended, 'true', 'false')), 'policy', json(policy), 'metadata', json(metadata), "
     "'createdAt', " INGRESS_TIME("created_at") ", 'limits', json(limits), 'wildcardCertificate', "
                                                "json(iif(wildcard_certificate, 'true', 'false'))) "
                                                "FROM projects ORDER BY slug"},
    {"services",
     "SELECT json_object('project', project, 'name', name, 'port', port, 'machine', machine, 'policy', json(policy)) "
     "FROM services ORDER BY project, name"},
    {"domains", "SELECT json_object('name', name, 'project', project, 'createdAt', " INGRESS_TIME(
                    "created_at") ") FROM domains ORDER BY name"},
    {"shares",
     "SELECT json_object('id', id, 'host', host, 'path', path, 'machine', machine, 'port', port, 'project', "
     "nullif(project, ''), 'label', label, 'createdAt', " INGRESS_TIME("created_at") ", 'expiresAt', " INGRESS_TIME(
         "nullif(expires_at, 0)") ") FROM shares ORDER BY id"},
    {"access_tokens",
     "SELECT json_object('id', id, 'role', role, 'label', label, 'createdAt', " INGRESS_TIME(
         "created_at") ", 'expiresAt', " INGRESS_TIME("nullif(expires_at, 0)") ") FROM access_tokens ORDER BY id"},
    {"join_tokens",
     "SELECT json_object('id', id, 'project', nullif(project, ''), 'label', label, 'usesLeft', "
     "iif(uses_left < 0, NULL, uses_left), "
     "'createdAt', " INGRESS_TIME("created_at") ", 'expiresAt', " INGRESS_TIME(
         "nullif(expires_at, 0)") ") FROM join_tokens ORDER BY id"},
    {"changes",
     "SELECT json_object('revision', revision, 'at', strftime('%Y-%m-%dT%H:%M:%S', at / 1000, 'unixepoch') || "
     "printf('.%03dZ', at % 1000), 'actor', actor, 'operation', operation, 'subject', subject, 'before', "
     "json(nullif(before, '')), 'after', json(nullif(after, ''))) FROM changes ORDER BY revision"},
});
constexpr const char* kRoutes =
    "SELECT json_object('id', id, 'patterns', json_array(), 'externalId', nullif(external_id, ''), 'metadata', "
    "json(metadata), 'createdAt', " INGRESS_TIME("created_at") ", 'owner', nullif(owner, ''), 'expiresAt', " INGRESS_TIME(
        "nullif(expires_at, 0)") ") FROM routes ORDER BY id";
// Absent parts of a target are left out. A `?` of a path, kept as itself, is written as the API takes it.
constexpr const char* kPatterns =
    "SELECT json_object('route', route, 'item', json_object('pattern', "
    "replace(coalesce(nullif(text, ''), pattern), '?', '%3F'), 'target', json_patch('{}', "
    "json_object('machine', coalesce(machine, nullif(machine_template, '')), 'project', "
    "coalesce(project, nullif(project_template, '')), 'service', nullif(service, ''), 'port', nullif(port, 0))), "
    "'policy', json(policy))) FROM patterns ORDER BY route, position";
#undef INGRESS_TIME

// An item that is no object is a row that cannot be read.
Outcome<Json> item_of(const db::Query& row) {
  Json item = Json::parse(row.text(0), nullptr, false);
  if (!item.is_object()) return failed("a row of the database cannot be read: it is no JSON in UTF-8");
  return item;
}

}  // namespace

Outcome<std::unique_ptr<Database>> Database::open(const std::string& path, Additions additions) {
  std::string problem;
  Result<std::unique_ptr<db::Database>> file = db::Database::open_to_read(path, problem);
  if (!file) return failed(problem);
  std::unique_ptr<Database> database(new Database(std::move(*file)));
  if (const auto good = database->check(path, additions); !good) return tl::unexpected(good.error());
  return database;
}

Outcome<bool> Database::check(const std::string& path, Additions wanted) {
  const auto application = number("PRAGMA application_id");
  if (!application) return failed("cannot read " + path + ": " + application.error().sentence);
  const auto version = number("PRAGMA user_version");
  if (!version) return failed("cannot read " + path + ": " + version.error().sentence);
  if (*application != db::kApplicationId || *version < 1) return failed(path + " is not a database of ingress-broker");
  if (*version > db::kSchemaVersion) {
    return failed(path + " is of a newer broker (schema " + std::to_string(*version) + "): use its ingressctl");
  }
  const auto level = number("SELECT count(*) FROM sqlite_schema WHERE name = 'additions'");
  const auto additions = !level || *level == 0 ? level : number("SELECT level FROM additions");
  if (!additions) return failed("cannot read " + path + ": " + additions.error().sentence);
  if (wanted == Additions::kAll && *additions < db::kSchemaAdditions) {
    return failed(path + " is of an older broker: start the new one on it first, which brings it up");
  }
  return true;
}

Outcome<int64_t> Database::number(const char* sql) {
  db::Query query = file_->query(sql);
  const int64_t value = query.next() ? query.number(0) : 0;
  if (file_->failed()) return failed(file_->failure());
  return value;
}

Outcome<int64_t> Database::revision() { return number("SELECT max(revision) FROM changes"); }

// Both are in the order of the route's id: one pass.
Outcome<bool> Database::each_route(const std::function<void(Json item)>& take) {
  db::Query routes = file_->query(kRoutes);
  db::Query patterns = file_->query(kPatterns);
  bool more = patterns.next();
  while (routes.next()) {
    Outcome<Json> route = item_of(routes);
    if (!route) return tl::unexpected(route.error());
    while (more) {
      Outcome<Json> pattern = item_of(patterns);
      if (!pattern) return tl::unexpected(pattern.error());
      if ((*pattern)["route"] != (*route)["id"]) break;
      (*route)["patterns"].push_back(std::move((*pattern)["item"]));
      more = patterns.next();
    }
    take(std::move(*route));
  }
  if (file_->failed()) return failed(file_->failure());
  return true;
}

Outcome<bool> Database::each(const std::string& noun, const std::function<void(Json item)>& take) {
  if (noun == "routes") return each_route(take);
  for (const Noun& known : kNouns) {
    if (noun != known.name) continue;
    db::Query rows = file_->query(known.sql);
    while (rows.next()) {
      Outcome<Json> item = item_of(rows);
      if (!item) return tl::unexpected(item.error());
      take(std::move(*item));
    }
    if (file_->failed()) return failed(file_->failure());
    return true;
  }
  return failed("a database file does not say this: ask a running broker, without --db");
}

Outcome<Json> Database::items(const std::string& noun) {
  Json items = Json::array();
  if (const auto read = each(noun, [&items](Json item) { items.push_back(std::move(item)); }); !read) {
    return tl::unexpected(read.error());
  }
  return items;
}

}  // namespace ingress::ctl
