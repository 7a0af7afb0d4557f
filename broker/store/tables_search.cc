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

bool find(db::Query& query, const Tables::Look& look) {
  while (query.next()) {
    if (look(reversed(query.text(0)))) return true;
  }
  return false;
}

}  // namespace

bool Tables::find_host_of_others(std::string_view tail, bool whole, std::string_view owner, const Look& look) {
  const std::string begin = reversed(tail);
  db::Query query = database_.query(
      "SELECT reversed FROM patterns WHERE reversed >= ?1 AND reversed < ?2 AND owner <> ?3 ORDER BY reversed");
  // No byte of a name is below '!'.
  query.bind(begin).bind(whole ? begin + '!' : end_of(begin)).bind(owner);
  return find(query, look);
}

bool Tables::find_domain_of_others(std::string_view tail, std::string_view owner, const Look& look) {
  const std::string begin = reversed(tail);
  db::Query query = database_.query(
      "SELECT reversed FROM domains WHERE reversed >= ?1 AND reversed < ?2 AND project <> ?3 ORDER BY reversed");
  query.bind(begin).bind(end_of(begin)).bind(owner);
  return find(query, look);
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
