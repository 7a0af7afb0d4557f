// Which routes a list shows: asked of the broker, or held against the rows of a file, by the same rules. Pure.
#pragma once

#include <string>

#include "ctl/outcome.h"

namespace ingress::ctl {

// Each "" leaves all in; what is said must all hold.
struct RouteFilter {
  std::string search;       // in a pattern in any case, or at the beginning of the id or external id
  std::string machine;      // a pattern leads to it
  std::string project;      // the same
  std::string owner;        // the route belongs to it
  std::string external_id;  // it is the route's

  // For the API, with its "?"; "" where nothing is said.
  std::string query() const;
  bool fits(const Json& route) const;
};

}  // namespace ingress::ctl
