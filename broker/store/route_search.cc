#include "broker/store/route_search.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ingress::broker {
namespace {

// The order in which they are found: patterns that begin so, ids and external ids that do, patterns that hold it.
// With a filter there is one stage: the filtered list, in the order of ids.
enum class Stage : char { kPattern = 'p', kId = 'i', kExternalId = 'e', kWithin = 'w', kFiltered = 'r' };

// What one call may cost: a row that is looked at is 1, a route that is read for it more.
constexpr size_t kBudget = 20000;
constexpr size_t kRouteCost = 20;
constexpr size_t kPiece = 500;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return lower(c); });
  return text;
}

// `part` is in lower case.
bool holds(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool holds(const RoutePattern& pattern, std::string_view part) {
  return holds(pattern.pattern, part) || holds(pattern.text, part);
}

struct Place {
  Stage stage = Stage::kPattern;
  std::string key;  // of the row in its stage

  bool operator==(const Place&) const = default;
};

class Search {
 public:
  Search(Tables& tables, const RouteSearch& search, Place from)
      : tables_(tables), search_(search), part_(lower(search.text)), at_(std::move(from)) {}

  FoundRoutes run() {
    if (at_.stage == Stage::kFiltered) {
      filtered();
    } else {
      for (const Stage stage : {Stage::kPattern, Stage::kId, Stage::kExternalId, Stage::kWithin}) {
        if (at_.stage == stage && !through(stage)) break;
      }
    }
    if (!done_) found_.next = std::string(1, static_cast<char>(at_.stage)) + at_.key;
    return std::move(found_);
  }

 private:
  bool full() const { return found_.routes.size() >= search_.limit || spent_ >= kBudget; }

  // False where the call ends here.
  bool through(Stage stage) {
    std::vector<Tables::RouteKey> keys;
    do {
      if (full()) return false;
      keys = keys_of(stage);
      for (const Tables::RouteKey& row : keys) {
        if (full()) return false;
        ++spent_;
        at_.key = row.key;
        if (stage != Stage::kWithin || holds(row.key, part_) || holds(row.text, part_)) take(row.route);
      }
    } while (keys.size() == kPiece);
    switch (stage) {
      case Stage::kPattern:
        at_ = {Stage::kId, {}};
        break;
      case Stage::kId:
        at_ = {Stage::kExternalId, {}};
        break;
      case Stage::kExternalId:
        at_ = {Stage::kWithin, {}};
        break;
      default:
        done_ = true;
    }
    return true;
  }

  std::vector<Tables::RouteKey> keys_of(Stage stage) {
    switch (stage) {
      case Stage::kPattern:
        return tables_.patterns_from(part_, at_.key, kPiece);
      case Stage::kId:
        return tables_.route_ids_from(search_.text, at_.key, kPiece);
      case Stage::kExternalId:
        return tables_.external_ids_from(search_.text, at_.key, kPiece);
      default:
        return tables_.patterns_from({}, at_.key, kPiece);
    }
  }

  // A route is found where it is first met, by the place that the search is at.
  void take(const std::string& id) {
    spent_ += kRouteCost;
    std::optional<Route> route = tables_.route(id);
    if (route && first_place(*route) == at_) found_.routes.push_back(std::move(*route));
  }

  Place first_place(const Route& route) const {
    std::vector<std::string> shapes;
    for (const RoutePattern& pattern : route.patterns) shapes.push_back(pattern.pattern);
    std::sort(shapes.begin(), shapes.end());
    for (const std::string& shape : shapes) {
      if (shape.starts_with(part_)) return {Stage::kPattern, shape};
    }
    if (route.id.starts_with(search_.text)) return {Stage::kId, route.id};
    if (!route.external_id.empty() && route.external_id.starts_with(search_.text)) {
      return {Stage::kExternalId, Tables::external_key(route.external_id, route.id)};
    }
    for (const std::string& shape : shapes) {
      const auto pattern = std::find_if(route.patterns.begin(), route.patterns.end(),
                                        [&shape](const RoutePattern& each) { return each.pattern == shape; });
      if (holds(*pattern, part_)) return {Stage::kWithin, shape};
    }
    return {};
  }

  void filtered() {
    std::vector<Route> rows;
    do {
      rows = tables_.routes_page(at_.key, kPiece, search_.filter);
      for (Route& route : rows) {
        if (full()) return;
        spent_ += kRouteCost;
        at_.key = route.id;
        if (says(route)) found_.routes.push_back(std::move(route));
      }
    } while (rows.size() == kPiece);
    done_ = true;
  }

  bool says(const Route& route) const {
    return route.id.starts_with(search_.text) || route.external_id.starts_with(search_.text) ||
           std::any_of(route.patterns.begin(), route.patterns.end(),
                       [this](const RoutePattern& pattern) { return holds(pattern, part_); });
  }

  Tables& tables_;
  const RouteSearch& search_;
  const std::string part_;  // the text in lower case
  Place at_;                // what was looked at last
  FoundRoutes found_;
  size_t spent_ = 0;
  bool done_ = false;
};

bool filters(const RowFilter& filter) {
  return !filter.machine.empty() || !filter.project.empty() || !filter.owner.empty() || !filter.external_id.empty() ||
         !filter.visible_to.empty();
}

}  // namespace

std::optional<FoundRoutes> search_routes(Tables& tables, const RouteSearch& search) {
  const bool filtered = filters(search.filter);
  Place from{filtered ? Stage::kFiltered : Stage::kPattern, {}};
  if (!search.after.empty()) {
    const std::string_view known = filtered ? "r" : "piew";
    if (known.find(search.after[0]) == std::string_view::npos) return std::nullopt;
    from = {static_cast<Stage>(search.after[0]), search.after.substr(1)};
  }
  return Search(tables, search, std::move(from)).run();
}

}  // namespace ingress::broker
