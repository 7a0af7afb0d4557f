#include "broker/admin/name_claims.h"

#include <algorithm>
#include <string>

#include "broker/routing/host_grammar.h"
#include "broker/routing/host_name.h"
#include "common/base/names.h"

namespace ingress::broker::admin {
namespace {

// Names that are looked at before one is taken to stand for another's: those of one tail, the asking project's own too,
// of which none was.
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

// Whether a request's label may be one that is spelled otherwise (with_underscores in host_grammar.h).
bool has_spellings(std::string_view label) {
  return label.find('*') != std::string_view::npos || label.find("--") != std::string_view::npos ||
         label.find("__") != std::string_view::npos;
}

std::string with_hyphens(std::string_view label) {
  std::string written(label);
  std::replace(written.begin(), written.end(), '_', '-');
  return written;
}

// Of a host's first label: a request for `a--b` is one for the route `a__b`, too. Which of its separators are which is
// not told apart, so that some that no request mixes meet, and none that one does goes unseen.
bool first_labels_meet(std::string_view a, std::string_view b) {
  if (labels_meet(a, b)) return true;
  return has_spellings(a) && has_spellings(b) && labels_meet(with_hyphens(a), with_hyphens(b));
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
    const std::string_view label = last_label(a.host);
    const std::string_view other = last_label(b.host);
    a.host = before_last_label(a.host);
    b.host = before_last_label(b.host);
    const bool first = a.host.empty() && b.host.empty();
    if (!(first ? first_labels_meet(label, other) : labels_meet(label, other))) return false;
  }
  return (a.host.empty() || b.with_all_below) && (b.host.empty() || a.with_all_below);
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
    const std::string tail(tail_);
    if (hosts(tail, !wild) || domains(tail, !wild)) return true;
    return name_.with_all_below && (hosts("." + tail, false) || domains("." + tail, false));
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
    return tables_.find_host(tail, whole, [this](std::string_view host, std::string_view owner) {
      return is_taken({host, false}, owner);
    });
  }
  bool domains(const std::string& tail, bool whole) {
    return tables_.find_domain(tail, whole, [this](std::string_view domain, std::string_view owner) {
      return is_taken({domain, true}, owner);
    });
  }
  bool is_taken(const Name& held, std::string_view owner) {
    return (owner != project_ && names_meet(name_, held)) || ++looks_ > kMostLooks;
  }

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

bool is_grammar_host(std::string_view host, const std::vector<std::string>& domains) {
  return std::any_of(domains.begin(), domains.end(), [host](const std::string& domain) {
    const GrammarName name = read_grammar(host, {&domain, 1});
    const bool below_machines = name.form != HostForm::kForeign && name.name == "machines";
    return below_machines || name.form == HostForm::kMachine || name.form == HostForm::kProject ||
           name.form == HostForm::kService;
  });
}

bool is_loopback_host(std::string_view host, const std::vector<std::string>& domains) {
  return loopback_form(host) && read_grammar(host, domains).form == HostForm::kForeign;
}

bool is_narrow(std::string_view host) {
  const std::string_view last = last_label(host);
  const std::string_view before = last_label(before_last_label(host));
  return !before.empty() && (std::string(before) + std::string(last)).find('*') == std::string::npos;
}

bool is_anothers(std::string_view host, NameKind kind, const std::string& project, Tables& tables) {
  return OthersSearch({host, kind == NameKind::kDomain}, project, tables).finds();
}

}  // namespace ingress::broker::admin
