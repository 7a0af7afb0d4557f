#include "broker/admin/name_claims.h"

#include <algorithm>

#include "broker/routing/host_name.h"

namespace ingress::broker::admin {
namespace {

// Others' names that are looked at before a wildcard is taken to stand for one of them: those of one tail, of which
// none was.
constexpr size_t kMostLooks = 10000;

// Whether a label can be what both stand for. Each holds one `*` at most, for one byte or more.
bool labels_meet(std::string_view a, std::string_view b) {
  const size_t star = a.find('*');
  const size_t other = b.find('*');
  if (star == std::string_view::npos) return other == std::string_view::npos ? a == b : labels_meet(b, a);
  const std::string_view begin = a.substr(0, star);
  const std::string_view end = a.substr(star + 1);
  if (other == std::string_view::npos) return b.size() >= a.size() && b.starts_with(begin) && b.ends_with(end);
  const std::string_view other_begin = b.substr(0, other);
  const std::string_view other_end = b.substr(other + 1);
  return (begin.starts_with(other_begin) || other_begin.starts_with(begin)) &&
         (end.ends_with(other_end) || other_end.ends_with(end));
}

// What a name is compared as: a shape of a host, and as a custom domain all below it, too.
struct Name {
  std::string_view host;
  bool with_all_below = false;
};

// Whether some host is both's. From the last label on.
bool names_meet(Name a, Name b) {
  while (!a.host.empty() && !b.host.empty()) {
    if (a.host == "**" || b.host == "**") return true;
    if (!labels_meet(last_label(a.host), last_label(b.host))) return false;
    a.host = before_last_label(a.host);
    b.host = before_last_label(b.host);
  }
  return (a.host.empty() || b.with_all_below) && (b.host.empty() || a.with_all_below);
}

// A request for `a--b` is one for the route `a__b`, where there is no other.
std::string other_spelling(std::string_view host) {
  std::string spelled(host);
  for (size_t at = spelled.find("--"); at != std::string::npos; at = spelled.find("--", at))
    spelled.replace(at, 2, "__");
  return spelled;
}

// Looks for what another owner than the project holds of a name.
class OthersSearch {
 public:
  OthersSearch(Name name, const std::string& project, Tables& tables)
      : name_(name), project_(project), tables_(tables) {}

  bool finds() {
    const size_t star = name_.host.rfind('*');
    tail_ = star == std::string_view::npos ? name_.host : name_.host.substr(star + 1);
    const bool wild = star != std::string_view::npos;
    if (under_a_domain() || under_a_wildcard()) return true;
    if (wild) return hosts(std::string(tail_), false) || domains(std::string(tail_));
    if (hosts(std::string(tail_), true)) return true;
    const std::string below = "." + std::string(tail_);
    return name_.with_all_below && (hosts(below, false) || domains(below));
  }

 private:
  bool under_a_domain() {
    for (std::string_view above = name_.host; !above.empty(); above = after_first_label(above)) {
      const std::optional<Domain> domain = tables_.domain(above);
      if (domain && domain->project != project_) return true;
    }
    return false;
  }
  // Wildcards whose literal tail is a part of the name's own: each may begin at any byte, but for the last label's.
  bool under_a_wildcard() {
    const size_t last = tail_.rfind('.');
    if (last == std::string_view::npos) return false;
    for (size_t begin = last; begin > 0; --begin) {
      if (hosts("*" + std::string(tail_.substr(begin)), false)) return true;
    }
    return false;
  }
  bool hosts(const std::string& tail, bool whole) {
    return tables_.find_host_of_others(tail, whole, project_, [this](std::string_view host) {
      return is_taken({host, false});
    });
  }
  bool domains(const std::string& tail) {
    return tables_.find_domain_of_others(tail, project_, [this](std::string_view domain) {
      return is_taken({domain, true});
    });
  }
  bool is_taken(const Name& held) { return names_meet(name_, held) || ++looks_ > kMostLooks; }

  const Name name_;
  const std::string& project_;
  Tables& tables_;
  std::string_view tail_;  // what the name has behind its last wildcard
  size_t looks_ = 0;
};

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

bool is_anothers(std::string_view host, NameKind kind, const std::string& project, Tables& tables) {
  const bool with_all_below = kind == NameKind::kDomain;
  if (OthersSearch({host, with_all_below}, project, tables).finds()) return true;
  const std::string other = other_spelling(host);
  return other != host && OthersSearch({other, with_all_below}, project, tables).finds();
}

}  // namespace ingress::broker::admin
