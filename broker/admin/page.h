// Lists in pieces: `?limit=` rows after `?cursor=` (the key of the last row seen), in the order of their keys. The
// answer is {"items":[…],"next":CURSOR or null}. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "broker/admin/answer.h"
#include "broker/admin/json_object.h"
#include "broker/admin/query.h"

namespace ingress::broker::admin {

inline constexpr int64_t kMaxPageRows = 1000;

struct Page {
  size_t limit = kMaxPageRows;
  std::string cursor;

  size_t asked() const { return limit + 1; }

  static Page read(QueryReader& query) {
    Page page;
    page.limit = static_cast<size_t>(query.integer("limit", kMaxPageRows, 1, kMaxPageRows));
    page.cursor = query.text("cursor");
    return page;
  }
};

// Of `rows`, one more than the page has where there are more: those of the page, each as `show(row)` has it.
template <class Row, class Key, class Show>
Answer page_answer(const std::vector<Row>& rows, const Page& page, Key key, Show show) {
  const size_t count = std::min(page.limit, rows.size());
  JsonArray items;
  for (size_t i = 0; i < count; ++i) items.add(show(rows[i]));
  JsonObject object;
  object.raw("items", std::move(items).take());
  object.text_or_null("next", count < rows.size() ? std::string_view(key(rows[count - 1])) : std::string_view());
  return json_answer(200, std::move(object).take());
}

// Of rows in any order, those that are wanted: `key(row)` is a unique string.
template <class Row, class Key, class Wanted>
std::vector<Row> page_of(const std::vector<Row>& rows, const Page& page, Key key, Wanted wanted) {
  std::vector<Row> found;
  for (const Row& row : rows) {
    if (wanted(row) && (page.cursor.empty() || key(row) > page.cursor)) found.push_back(row);
  }
  std::sort(found.begin(), found.end(), [key](const Row& a, const Row& b) { return key(a) < key(b); });
  if (found.size() > page.asked()) found.resize(page.asked());
  return found;
}

}  // namespace ingress::broker::admin
