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
  query.bind(kRows);
  while (query.next()) rows.push_back({query.text(0), query.text(1)});
  return rows;
}

std::vector<Unwritten> patterns(db::Database& database) {
  db::Query query = database.query(
      "SELECT p.pattern, r.owner FROM patterns p CROSS JOIN routes r ON r.id = p.route WHERE p.reversed = '' LIMIT ?");
  return read(query);
}

std::vector<Unwritten> domains(db::Database& database) {
  db::Query query = database.query("SELECT name, '' FROM domains WHERE reversed = '' LIMIT ?");
  return read(query);
}

}  // namespace

void reverse_names(db::Database& database) {
  while (!database.failed()) {
    const std::vector<Unwritten> hosts = patterns(database);
    const std::vector<Unwritten> names = domains(database);
    if (hosts.empty() && names.empty()) return;
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
}

}  // namespace ingress::broker
