#include "broker/store/reversed_names.h"

#include <cstdint>
#include <vector>

namespace ingress::broker {
namespace {

constexpr int64_t kReversedAtATime = 10000;  // in one transaction

struct Unwritten {
  std::string name;
  std::string owner;
};

std::vector<Unwritten> read(db::Query& query) {
  std::vector<Unwritten> rows;
  while (query.next()) rows.push_back({query.text(0), query.text(1)});
  return rows;
}

std::vector<Unwritten> patterns_after(db::Database& database, const std::string& after) {
  db::Query query = database.query(
      "SELECT p.pattern, r.owner FROM patterns p CROSS JOIN routes r ON r.id = p.route "
      "WHERE p.reversed = '' AND p.pattern > ? ORDER BY p.pattern LIMIT ?");
  return read(query.bind(after).bind(kReversedAtATime));
}

std::vector<Unwritten> domains_after(db::Database& database, const std::string& after) {
  db::Query query =
      database.query("SELECT name, '' FROM domains WHERE reversed = '' AND name > ? ORDER BY name LIMIT ?");
  return read(query.bind(after).bind(kReversedAtATime));
}

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

// By the indexes.
bool has_unwritten(db::Database& database) {
  db::Query query = database.query(
      "SELECT EXISTS (SELECT 1 FROM patterns WHERE reversed = '') OR EXISTS (SELECT 1 FROM domains WHERE reversed = "
      "'')");
  return query.next() && query.number(0) != 0;
}

// In the order of the tables.
void fill(db::Database& database) {
  std::string pattern;
  std::string domain;
  while (!database.failed()) {
    const std::vector<Unwritten> hosts = patterns_after(database, pattern);
    const std::vector<Unwritten> names = domains_after(database, domain);
    if (hosts.empty() && names.empty()) return;
    write(database, hosts, names);
    if (!hosts.empty()) pattern = hosts.back().name;
    if (!names.empty()) domain = names.back().name;
  }
}

}  // namespace

void reverse_names(db::Database& database) {
  const bool indexed = has_indexes(database);
  if (indexed && !has_unwritten(database)) return;
  fill(database);
  if (indexed || database.failed()) return;
  database.run(
      "BEGIN IMMEDIATE; CREATE INDEX IF NOT EXISTS patterns_by_reversed ON patterns (reversed, owner); "
      "CREATE INDEX IF NOT EXISTS domains_by_reversed ON domains (reversed, project); COMMIT;");
}

}  // namespace ingress::broker
