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

  static Page read(QueryReader& query) {
    Page page;
    page.limit = static_cast<size_t>(query.integer("limit", kMaxPageRows, 1, kMaxPageRows));
    page.cursor = query.text("cursor");
    return page;
  }
};

// `key(row)` is a unique string, `wanted(row)` a filter, `show(row)` its JSON.
template <class Row, class Key, class Wanted, class Show>
Answer page_answer(const std::vector<Row>& rows, const Page& page, Key key, Wanted wanted, Show show) {
  const auto before = [key](const Row* a, const Row* b) { return key(*a) < key(*b); };
  std::vector<const Row*> found;
  for (const Row& row : rows) {
    if (wanted(row) && (page.cursor.empty() || key(row) > page.cursor)) found.push_back(&row);
  }
  const size_t count = std::min(page.limit, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(), before);
  JsonArray items;
  for (size_t i = 0; i < count; ++i) items.add(show(*found[i]));
  JsonObject object;
  object.raw("items", std::move(items).take());
  object.text_or_null("next", count < found.size() ? std::string_view(key(*found[count - 1])) : std::string_view());
  return json_answer(200, std::move(object).take());
}

// The row with that key, nullptr where none.
template <class Row, class Wanted>
const Row* find_row(const std::vector<Row>& rows, Wanted wanted) {
  const auto found = std::find_if(rows.begin(), rows.end(), wanted);
  return found == rows.end() ? nullptr : &*found;
}

// That row's record, as its entity tag is made of it.
template <class Row, class Json, class Wanted>
std::optional<std::string> record_where(const std::vector<Row>& rows, Json json, Wanted wanted) {
  const Row* row = find_row(rows, wanted);
  return row == nullptr ? std::nullopt : std::optional<std::string>(json(*row).closed());
}

}  // namespace ingress::broker::admin
