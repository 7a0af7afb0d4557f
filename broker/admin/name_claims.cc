#include "broker/admin/name_claims.h"

#include <algorithm>

#include "broker/routing/host_name.h"

namespace ingress::broker::admin {
namespace {

// Calls test(shape) for each wildcard host that stands for the host, until one says yes: with one label wild or part of
// it, as many as are wild from the left, and any number of them.
template <class Test>
bool any_wildcard_over(std::string_view host, Test test) {
  const std::string_view first = first_label(host);
  const std::string parent = "." + std::string(after_first_label(host));
  for (size_t size = 0; size < first.size(); ++size) {
    if (test(std::string(first.substr(0, size)) + "*" + parent)) return true;
    if (size > 0 && test("*" + std::string(first.substr(first.size() - size)) + parent)) return true;
  }
  std::string stars = "*";
  for (std::string_view rest = after_first_label(host); !rest.empty(); rest = after_first_label(rest)) {
    const std::string below = "." + std::string(rest);
    if (test(stars + below) || test("**" + below)) return true;
    stars += ".*";
  }
  return false;
}

}  // namespace

bool may_name(std::string_view host, std::string_view project, const std::vector<std::string>& domains) {
  return std::all_of(domains.begin(), domains.end(), [host, project](const std::string& domain) {
    const size_t star = host.rfind('*');
    if (star != std::string_view::npos && domain.ends_with(host.substr(star + 1))) return false;
    // What is above has the domain itself as a name of one of its services.
    if (host == domain || domain.ends_with("." + std::string(host))) return false;
    const std::string under = "." + domain;
    if (!host.ends_with(under)) return true;
    const std::string_view rest = host.substr(0, host.size() - under.size());
    if (project.empty()) return false;
    const std::string name(project);
    return rest == name || rest.ends_with("." + name) ||
           (rest.find('.') == std::string_view::npos && (rest.ends_with("__" + name) || rest.ends_with("--" + name)));
  });
}

bool is_narrow(std::string_view host) {
  const std::string_view last = last_label(host);
  const std::string_view before = last_label(before_last_label(host));
  return !before.empty() && (std::string(before) + std::string(last)).find('*') == std::string::npos;
}

bool is_anothers(std::string_view host, const std::string& project, Tables& tables) {
  for (std::string_view name = host; !name.empty(); name = after_first_label(name)) {
    const std::optional<Domain> domain = tables.domain(name);
    if (domain && domain->project != project) return true;
  }
  if (tables.another_holds(host, project)) return true;
  return any_wildcard_over(
      host, [&](const std::string& shape) { return shape != host && tables.another_holds(shape, project); });
}

}  // namespace ingress::broker::admin
