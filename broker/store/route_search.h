// Routes by a part of what they say. Cheap at any size of the table: what an index finds comes first, and the rest is
// looked through a bounded number of rows a call. Thread: the store's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/tables.h"

namespace ingress::broker {

struct RouteSearch {
  std::string text;
  std::string after;  // where the call before ended, "" to begin
  size_t limit = 0;   // of what is found
  RowFilter filter;
};

struct FoundRoutes {
  std::vector<Route> routes;
  std::string next;  // `after` of the call that goes on; "" where all was looked at
};

// Those with `text` in a pattern (whatever its case), or at the beginning of their id or external id, each once. What
// is found may be less than `limit`, or nothing, though there is more. nullopt where `after` is not one of ours.
std::optional<FoundRoutes> search_routes(Tables& tables, const RouteSearch& search);

}  // namespace ingress::broker
