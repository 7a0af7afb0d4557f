#include <algorithm>

#include "broker/store/reversed_names.h"
#include "broker/store/rows.h"
#include "broker/store/tables.h"

// Each is a range of one index, read from a key on.
namespace ingress::broker {
namespace {

constexpr char kBetween = ' ';  // no id has one

// Rows whose first column, in whose order they come, begins with the prefix.
template <class Read>
std::vector<Tables::RouteKey> keys(db::Query& query, std::string_view prefix, size_t limit, Read read) {
  std::vector<Tables::RouteKey> rows;
  while (rows.size() < limit && query.next()) {
    if (!query.text(0).starts_with(prefix)) break;
    rows.push_back(read(query));
  }
  return rows;
}

// Behind all names that begin so: no name has a byte from '~' on.
std::string end_of(const std::string& begin) { return begin + '~'; }

// Rows of a pattern or domain and its owner.
bool find(db::Query& query, std::string_view tail, bool whole, const Tables::Look& look) {
  const std::string begin = reversed(tail);
  // No byte of a name is below '!'.
  query.bind(begin).bind(whole ? begin + '!' : end_of(begin));
  while (query.next()) {
    const std::string name = query.text(0);
    if (look(std::string_view(name).substr(0, name.find('/')), query.text(1))) return true;
  }
  return false;
}

}  // namespace

bool Tables::find_host(std::string_view tail, bool whole, const Look& look) {
  db::Query query =
      database_.query("SELECT pattern, owner FROM patterns WHERE reversed >= ?1 AND reversed < ?2 ORDER BY reversed");
  return find(query, tail, whole, look);
}

bool Tables::find_domain(std::string_view tail, bool whole, const Look& look) {
  db::Query query =
      database_.query("SELECT name, project FROM domains WHERE reversed >= ?1 AND reversed < ?2 ORDER BY reversed");
  return find(query, tail, whole, look);
}

// What is spelled otherwise has the same key, and lies before or behind all that begin with the host.
bool Tables::has_host(std::string_view host, std::string_view owner) {
  db::Query query = database_.query(
      "SELECT pattern FROM patterns WHERE reversed = ?1 AND owner = ?2 AND pattern >= ?3 ORDER BY pattern LIMIT 1");
  query.bind(reversed(host)).bind(owner).bind(host);
  if (!query.next()) return false;
  const std::string pattern = query.text(0);
  return std::string_view(pattern).substr(0, pattern.find('/')) == host;
}

std::string Tables::external_key(std::string_view external_id, std::string_view id) {
  return std::string(id).append(1, kBetween).append(external_id);
}

// One bound each: of two, SQLite may take the wrong one, and read all rows between them.
std::vector<Tables::RouteKey> Tables::patterns_from(std::string_view prefix, std::string_view after, size_t limit) {
  const bool begins = after < prefix || after.empty();
  db::Query query =
      database_.query(begins ? "SELECT pattern, route, text FROM patterns WHERE pattern >= ? ORDER BY pattern"
                             : "SELECT pattern, route, text FROM patterns WHERE pattern > ? ORDER BY pattern");
  query.bind(begins ? prefix : after);
  return keys(query, prefix, limit, [](const db::Query& row) {
    return RouteKey{row.text(0), row.text(1), row.text(2)};
  });
}

std::vector<Tables::RouteKey> Tables::route_ids_from(std::string_view prefix, std::string_view after, size_t limit) {
  const bool begins = after < prefix || after.empty();
  db::Query query = database_.query(begins ? "SELECT id FROM routes WHERE id >= ? ORDER BY id"
                                           : "SELECT id FROM routes WHERE id > ? ORDER BY id");
  query.bind(begins ? prefix : after);
  return keys(query, prefix, limit, [](const db::Query& row) { return RouteKey{row.text(0), row.text(0), {}}; });
}

std::vector<Tables::RouteKey> Tables::external_ids_from(std::string_view prefix, std::string_view after, size_t limit) {
  const size_t between = std::min(after.find(kBetween), after.size());
  const std::string_view id = after.substr(0, between);
  const std::string_view external_id = after.substr(std::min(between + 1, after.size()));
  db::Query query = database_.query(
      "SELECT external_id, id FROM routes WHERE external_id <> '' AND external_id >= ?1 AND (external_id > ?1 OR id > "
      "?2) ORDER BY external_id, id");
  query.bind(std::max(prefix, external_id)).bind(external_id < prefix ? std::string_view() : id);
  return keys(query, prefix, limit, [](const db::Query& row) {
    return RouteKey{external_key(row.text(0), row.text(1)), row.text(1), {}};
  });
}

}  // namespace ingress::broker
