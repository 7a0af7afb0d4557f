#include <algorithm>

#include "broker/store/rows.h"
#include "broker/store/tables.h"

// Each is a range of one index, read from a key on.
namespace ingress::broker {
namespace {

constexpr char kBetween = ' ';  // no id has one

// The least text behind all that begin with `prefix`; "" where there is none.
std::string behind(std::string_view prefix) {
  std::string text(prefix);
  while (!text.empty() && text.back() == '\xff') text.pop_back();
  if (!text.empty()) text.back() = static_cast<char>(static_cast<unsigned char>(text.back()) + 1);
  return text;
}

template <class Read>
std::vector<Tables::RouteKey> keys(db::Query& query, std::string_view prefix, size_t limit, Read read) {
  std::vector<Tables::RouteKey> rows;
  while (rows.size() < limit && query.next()) {
    Tables::RouteKey row = read(query);
    if (!row.key.starts_with(prefix)) break;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string Tables::external_key(std::string_view external_id, std::string_view id) {
  return std::string(id).append(1, kBetween).append(external_id);
}

std::vector<Tables::RouteKey> Tables::patterns_from(std::string_view prefix, std::string_view after, size_t limit) {
  db::Query query =
      database_.query("SELECT pattern, route, text FROM patterns WHERE pattern >= ? AND pattern > ? ORDER BY pattern");
  query.bind(prefix).bind(after);
  return keys(query, prefix, limit, [](const db::Query& row) {
    return RouteKey{row.text(0), row.text(1), row.text(2)};
  });
}

std::vector<Tables::RouteKey> Tables::route_ids_from(std::string_view prefix, std::string_view after, size_t limit) {
  db::Query query = database_.query("SELECT id FROM routes WHERE id >= ? AND id > ? ORDER BY id");
  query.bind(prefix).bind(after);
  return keys(query, prefix, limit, [](const db::Query& row) { return RouteKey{row.text(0), row.text(0), {}}; });
}

std::vector<Tables::RouteKey> Tables::external_ids_from(std::string_view prefix, std::string_view after, size_t limit) {
  const size_t between = std::min(after.find(kBetween), after.size());
  const std::string_view id = after.substr(0, between);
  const std::string_view external_id = after.substr(std::min(between + 1, after.size()));
  db::Query query = database_.query(
      "SELECT external_id, id FROM routes WHERE external_id <> '' AND external_id >= ?1 AND (?2 = '' OR "
      "external_id < ?2) AND (external_id, id) > (?3, ?4) ORDER BY external_id, id");
  query.bind(std::max(prefix, external_id)).bind(behind(prefix)).bind(external_id).bind(id);
  return keys(query, {}, limit, [](const db::Query& row) {
    return RouteKey{external_key(row.text(0), row.text(1)), row.text(1), {}};
  });
}

}  // namespace ingress::broker
