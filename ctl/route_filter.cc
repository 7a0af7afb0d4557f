#include "ctl/route_filter.h"

#include <algorithm>
#include <string_view>

#include "common/base/lower_case.h"
#include "ctl/admin_address.h"
#include "ctl/pattern_text.h"

namespace ingress::ctl {
namespace {

std::string_view text_in(const Json& item, const char* member) {
  const auto found = item.find(member);
  return found != item.end() && found->is_string() ? std::string_view(found->get_ref<const std::string&>())
                                                   : std::string_view();
}

// A pattern of the route for which it is true.
template <class Wanted>
bool any_pattern(const Json& route, Wanted wanted) {
  const auto patterns = route.find("patterns");
  return patterns != route.end() && patterns->is_array() && std::any_of(patterns->begin(), patterns->end(), wanted);
}

bool leads_to(const Json& route, const char* member, const std::string& wanted) {
  return wanted.empty() || any_pattern(route, [member, &wanted](const Json& pattern) {
           const auto target = pattern.find("target");
           return target != pattern.end() && text_in(*target, member) == wanted;
         });
}

bool says(const Json& route, const std::string& text) {
  if (text_in(route, "id").starts_with(text) || text_in(route, "externalId").starts_with(text)) return true;
  // The broker looks through what it keeps.
  return any_pattern(route, [part = lower_case(text)](const Json& pattern) {
    return lower_case(pattern_as_kept(std::string(text_in(pattern, "pattern")))).find(part) != std::string::npos;
  });
}

}  // namespace

std::string RouteFilter::query() const {
  std::string query;
  const auto add = [&query](const char* name, const std::string& value) {
    if (!value.empty()) query += (query.empty() ? "?" : "&") + std::string(name) + "=" + percent_encoded(value);
  };
  add("q", search);
  add("machine", machine);
  add("project", project);
  add("owner", owner);
  add("externalId", external_id);
  return query;
}

bool RouteFilter::fits(const Json& route) const {
  return (owner.empty() || text_in(route, "owner") == owner) &&
         (external_id.empty() || text_in(route, "externalId") == external_id) && leads_to(route, "machine", machine) &&
         leads_to(route, "project", project) && says(route, search);
}

}  // namespace ingress::ctl
