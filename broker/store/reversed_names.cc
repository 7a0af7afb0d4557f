#include "broker/store/reversed_names.h"

#include <cstdint>
#include <vector>

namespace ingress::broker {
namespace {

constexpr int64_t kRows = 10000;  // in one transaction

struct Unwritten {
  std::string name;
  std::string owner;
};

std::vector<Unwritten> read(db::Query& query) {
  std::vector<Unwritten> rows;
  while (query.next()) rows.push_back({query.text(0), query.text(1)});
  return rows;
}

#define INGRESS_PATTERNS \
  "SELECT p.pattern, r.owner FROM patterns p CROSS JOIN routes r ON r.id = p.route WHERE p.reversed = '' "
#define INGRESS_DOMAINS "SELECT name, '' FROM domains WHERE reversed = '' "

std::vector<Unwritten> patterns(db::Database& database) {
  db::Query query = database.query(INGRESS_PATTERNS "LIMIT ?");
  return read(query.bind(kRows));
}

std::vector<Unwritten> patterns_after(db::Database& database, const std::string& after) {
  db::Query query = database.query(INGRESS_PATTERNS "AND p.pattern > ? ORDER BY p.pattern LIMIT ?");
  return read(query.bind(after).bind(kRows));
}

std::vector<Unwritten> domains(db::Database& database) {
  db::Query query = database.query(INGRESS_DOMAINS "LIMIT ?");
  return read(query.bind(kRows));
}

std::vector<Unwritten> domains_after(db::Database& database, const std::string& after) {
  db::Query query = database.query(INGRESS_DOMAINS "AND name > ? ORDER BY name LIMIT ?");
  return read(query.bind(after).bind(kRows));
}

#undef INGRESS_PATTERNS
#undef INGRESS_DOMAINS

void write(db::Database& database, const std::vector<Unwritten>& hosts, const std::vector<Unwritten>& names) {
  database.run("BEGIN IMMEDIATE");
  for (const Unwritten& row : hosts) {
    database.query("UPDATE patterns SET reversed = ?, owner = ? WHERE pattern = ?")
        .bind(reversed_host(row.name))
        .bind(row.owner)
        .bind(row.name)
        .run();
  }
  for (const Unwritten& row : names) {
    database.query("UPDATE domains SET reversed = ? WHERE name = ?").bind(reversed(row.name)).bind(row.name).run();
  }
  database.run("COMMIT");
}

bool has_indexes(db::Database& database) {
  db::Query query = database.query("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = 'domains_by_reversed'");
  return query.next();
}

// In the order of the tables, without an index to look at.
void fill_anew(db::Database& database) {
  std::string pattern;
  std::string domain;
  while (!database.failed()) {
    const std::vector<Unwritten> hosts = patterns_after(database, pattern);
    const std::vector<Unwritten> names = domains_after(database, domain);
    if (hosts.empty() && names.empty()) break;
    write(database, hosts, names);
    if (!hosts.empty()) pattern = hosts.back().name;
    if (!names.empty()) domain = names.back().name;
  }
  if (database.failed()) return;
  database.run(
      "BEGIN IMMEDIATE; CREATE INDEX IF NOT EXISTS patterns_by_reversed ON patterns (reversed, owner); "
      "CREATE INDEX IF NOT EXISTS domains_by_reversed ON domains (reversed, project); COMMIT;");
}

}  // namespace

void reverse_names(db::Database& database) {
  if (!has_indexes(database)) fill_anew(database);
  while (!database.failed()) {
    const std::vector<Unwritten> hosts = patterns(database);
    const std::vector<Unwritten> names = domains(database);
    if (hosts.empty() && names.empty()) return;
    write(database, hosts, names);
  }
}

}  // namespace ingress::broker
