#include "broker/admission/rewriting.h"

#include <algorithm>

#include "broker/model/target_template.h"
#include "common/base/hex.h"
#include "common/base/lower_case.h"
#include "common/base/trim.h"
#include "common/http/authority.h"

namespace ingress::broker {
namespace {

constexpr Error kUnclearPath{ErrorCode::kBadRequest, Side::kClient, false, 0,
                             "servers read the path differently: no dot segments, encoded slashes or backslashes here"};

// What {name}s stand for.
class Values {
 public:
  Values(const Resolution& found, const Asked& asked)
      : found_(found), asked_(asked), port_(std::to_string(found.port)) {}

  std::string_view operator()(std::string_view name) const {
    if (found_.captures.has(name)) return found_.captures.value(name);
    if (name == "host") return asked_.host;
    if (name == "client_ip") return asked_.client_ip;
    if (name == "scheme") return asked_.tls ? "https" : "http";
    if (name == "method") return asked_.head.method;
    if (name == "path") return asked_.target.substr(0, asked_.target.find('?'));
    if (name == "machine") return found_.machine;
    if (name == "project") return found_.project;
    if (name == "service") return found_.service;
    if (name == "port") return port_;
    return {};
  }

 private:
  const Resolution& found_;
  const Asked& asked_;
  std::string port_;
};

std::string filled(const std::string& text, const Values& values) {
  std::string out;
  expand(
      text, [&values](std::string_view name) { return values(name); }, out);
  return out;
}

void append(FieldList& to, const FieldList& from, const Values& values) {
  for (const auto& [name, text] : from) to.emplace_back(name, filled(text, values));
}

// A capture in a path keeps to its segment.
std::string path_of(const std::string& text, const Values& values) {
  std::string out;
  std::string one;
  const auto encoded = [&values, &one](std::string_view name) -> std::string_view {
    one.clear();
    for (const char c : values(name)) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view("-._~@:+,=").find(c) != std::string_view::npos;
      if (plain) {
        one.push_back(c);
      } else {
        append_percent_encoded(c, one);
      }
    }
    return one;
  };
  expand(text, encoded, out);
  return out;
}

// How many bytes of the target are the prefix; 0 where its segments are others.
size_t bytes_of_prefix(std::string_view prefix, const RequestPath& path) {
  RequestPath wanted;
  wanted.set(prefix);
  if (wanted.ambiguous() || path.size() < wanted.size()) return 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted.segment(i) != path.segment(i)) return 0;
  }
  return path.end_of(wanted.size());
}

std::optional<Instead> plan_path(const Resolution& found, const Asked& asked, const Values& values, Terms& terms) {
  const std::string* const strip = found.policy.strip_prefix();
  const std::string* const add = found.policy.add_prefix();
  std::string target = terms.target.empty() ? std::string(asked.target) : terms.target;
  if (strip != nullptr && !strip->empty()) {
    if (found.path.ambiguous()) return Instead{kUnclearPath, 0, {}};
    // A link's part is in the query: the path is the same.
    const size_t bytes = bytes_of_prefix(path_of(*strip, values), found.path);
    if (bytes > 0) {
      terms.stripped_prefix = local_path(std::string_view(target).substr(0, bytes));
      target.erase(0, bytes);
      if (target.empty() || target.front() != '/') target.insert(0, "/");
      terms.set_fields.emplace_back("X-Forwarded-Prefix", terms.stripped_prefix);
      if (found.policy.root_path_field()) terms.set_fields.emplace_back("X-RStudio-Root-Path", terms.stripped_prefix);
    }
  }
  if (add != nullptr && !add->empty()) {
    terms.added_prefix = path_of(*add, values);
    target.insert(0, terms.added_prefix);
  }
  if (target != asked.target) terms.target = std::move(target);
  return std::nullopt;
}

bool begins_with_path(std::string_view path, std::string_view prefix) {
  return !prefix.empty() && path.starts_with(prefix) &&
         (path.size() == prefix.size() || path[prefix.size()] == '/' || path[prefix.size()] == '?');
}

// A path that the origin names, as the client knows it.
std::string public_path(std::string_view path, const Terms& terms) {
  if (begins_with_path(path, terms.added_prefix)) path.remove_prefix(terms.added_prefix.size());
  if (begins_with_path(path, terms.stripped_prefix)) return std::string(path);  // it knows its prefix
  std::string mapped = terms.stripped_prefix + std::string(path);
  return mapped.empty() ? "/" : mapped;
}

std::string public_location(std::string_view value, const Terms& terms, std::string_view host) {
  if (value.starts_with('/') && !value.starts_with("//")) return local_path(public_path(value, terms));
  const auto url = http::parse_http_reference(value);
  if (!url) return std::string(value);
  if (!http::iequals(url->authority, host)) return std::string(value);
  return std::string(value.substr(0, value.size() - url->rest.size())) +
         public_path(url->rest.empty() ? "/" : url->rest, terms);
}

// Browsers take both off.
// Calls change(attribute) for each attribute behind the first part; what it gives takes the attribute's place, nullopt
// takes it off.
template <class Change>
std::string changed_cookie(std::string_view cookie, Change change) {
  const size_t first = cookie.find(';');
  std::string out(cookie.substr(0, first));
  std::string_view rest = first == std::string_view::npos ? std::string_view() : cookie.substr(first + 1);
  while (!rest.empty()) {
    const size_t end = rest.find(';');
    std::string_view attribute = rest.substr(0, end);
    while (!attribute.empty() && is_blank(attribute.front())) attribute.remove_prefix(1);
    if (const std::optional<std::string> kept = change(attribute)) out += "; " + *kept;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return out;
}

std::string_view value_of_attribute(std::string_view attribute, std::string_view name) {
  const size_t equals = attribute.find('=');
  if (equals == std::string_view::npos) return {};
  std::string_view said = attribute.substr(0, equals);
  while (!said.empty() && is_blank(said.back())) said.remove_suffix(1);
  std::string_view value = attribute.substr(equals + 1);
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  return http::iequals(said, name) ? value : std::string_view();
}

void map_paths(const Terms& terms, std::string_view host, http::Scratch& scratch, http::Fields& fields) {
  if (terms.stripped_prefix.empty() && terms.added_prefix.empty()) return;
  for (http::Field& field : fields) {
    if (http::iequals(field.name, "Location") || http::iequals(field.name, "Content-Location")) {
      field.value = scratch.add(public_location(field.value, terms, host));
    } else if (http::iequals(field.name, "Set-Cookie")) {
      field.value = scratch.add(changed_cookie(field.value, [&terms](std::string_view attribute) {
        const std::string_view path = value_of_attribute(attribute, "Path");
        return path.starts_with('/') ? std::optional("Path=" + public_path(path, terms))
                                     : std::optional(std::string(attribute));
      }));
    }
  }
}

// What is in front of the separator; the rest stays in `text`.
std::string_view take_part(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

bool is_frame_ancestors(std::string_view directive) {
  const std::string_view trimmed = trim_blanks(directive);
  return http::iequals(trimmed.substr(0, trimmed.find_first_of(" \t")), "frame-ancestors");
}

// A Content-Security-Policy (CSP 3, 2.2: policies between commas, directives between semicolons) that lets others frame
// the page; nullopt where it says nothing of that.
std::optional<std::string> without_frame_ancestors(std::string_view value) {
  bool changed = false;
  std::string kept;
  while (!value.empty()) {
    std::string_view rest = take_part(value, ',');
    std::string policy;
    while (!rest.empty()) {
      const std::string_view directive = take_part(rest, ';');
      const bool dropped = is_frame_ancestors(directive);
      changed = changed || dropped;
      if (dropped || trim_blanks(directive).empty()) continue;
      policy.append(policy.empty() ? "" : "; ").append(trim_blanks(directive));
    }
    if (!policy.empty()) kept.append(kept.empty() ? "" : ", ").append(policy);
  }
  return changed ? std::optional(std::move(kept)) : std::nullopt;
}

void let_frame(http::Scratch& scratch, http::Fields& fields) {
  const auto stays = [&scratch](http::Field& field) {
    if (!http::iequals(field.name, "Content-Security-Policy")) return true;
    const std::optional<std::string> changed = without_frame_ancestors(field.value);
    if (changed) field.value = scratch.add(*changed);
    return !changed || !changed->empty();
  };
  size_t kept = 0;
  for (http::Field& field : fields) {
    if (stays(field)) fields[kept++] = field;
  }
  fields.resize(kept);
}

bool is_set_cookie(const http::Field& field) {
  return field.name.size() == 10 && http::iequals(field.name, "Set-Cookie");
}

void drop_own_fields(const Terms& terms, http::Fields& fields) {
  for (const std::string& name : terms.remove_fields) http::drop_fields(fields, name);
  for (const auto& [name, value] : terms.set_fields) http::drop_fields(fields, folded_name(name));
}

// One that a policy adds is the policy's to say: a client's spelling with underscores would pass for it.
void drop_other_spellings(std::string_view name, http::Fields& fields) {
  const std::string folded = folded_name(name);
  std::erase_if(fields, [name, &folded](const http::Field& field) {
    return field.name.find('_') != std::string_view::npos && !http::iequals(field.name, name) &&
           folded_name(field.name) == folded;
  });
}

}  // namespace

// Browsers take a backslash for a slash, and tabs off.
std::string local_path(std::string_view path) {
  const size_t begin = std::min(path.find_first_not_of("/\\\t"), path.size());
  return "/" + std::string(path.substr(begin));
}

std::string folded_name(std::string_view name) {
  std::string folded = lower_case(name);
  std::replace(folded.begin(), folded.end(), '_', '-');
  return folded;
}

std::optional<Instead> plan_rewriting(const Resolution& found, const Asked& asked, Terms& terms) {
  const Values values(found, asked);
  if (auto refused = plan_path(found, asked, values, terms)) return refused;
  if (const HeaderEdits* edits = found.policy.request_headers()) {
    for (const std::string& name : edits->remove) terms.remove_fields.push_back(folded_name(name));
    append(terms.set_fields, edits->set, values);
    append(terms.add_fields, edits->add, values);
  }
  if (const HeaderEdits* edits = found.policy.response_headers()) {
    for (const std::string& name : edits->remove) terms.remove_answer_fields.push_back(folded_name(name));
    append(terms.set_answer_fields, edits->set, values);
    append(terms.add_answer_fields, edits->add, values);
  }
  terms.security = found.policy.security_headers();
  return std::nullopt;
}

void rewrite_request(const Terms& terms, http::Fields& fields) {
  drop_own_fields(terms, fields);
  for (const auto& [name, value] : terms.set_fields) {
    if (!value.empty()) fields.push_back({name, value});
  }
  for (const auto& [name, value] : terms.add_fields) {
    drop_other_spellings(name, fields);
    fields.push_back({name, value});
  }
}

void rewrite_request_trailers(const Terms& terms, http::Fields& trailers) {
  drop_own_fields(terms, trailers);
  for (const auto& [name, value] : terms.add_fields) drop_other_spellings(name, trailers);
}

void add_security_fields(SecurityHeaders which, bool tls, http::Fields& fields) {
  if (which == SecurityHeaders::kOff) return;
  const auto add = [&fields](std::string_view name, std::string_view value) {
    if (http::find_field(fields, name) == nullptr) fields.push_back({name, value});
  };
  if (tls) add("Strict-Transport-Security", "max-age=31536000");
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "strict-origin-when-cross-origin");
  add("X-XSS-Protection", "1; mode=block");
  if (which == SecurityHeaders::kStandard) {
    add("X-Frame-Options", "SAMEORIGIN");
  } else {
    http::drop_fields(fields, "x-frame-options");
  }
}

void drop_answer_fields(const Terms& terms, http::Fields& fields) {
  for (const std::string& name : terms.remove_answer_fields) http::drop_fields(fields, name);
  for (const auto& [name, value] : terms.set_answer_fields) http::drop_fields(fields, folded_name(name));
}

void rewrite_answer(const Terms& terms, bool tls, std::string_view host, http::Scratch& scratch, http::Fields& fields) {
  map_paths(terms, host, scratch, fields);
  // The origin's word; the policy's own field stays.
  if (terms.security == SecurityHeaders::kFrameable) let_frame(scratch, fields);
  drop_answer_fields(terms, fields);
  for (const auto& [name, value] : terms.set_answer_fields) {
    if (!value.empty()) fields.push_back({name, value});
  }
  for (const auto& [name, value] : terms.add_answer_fields) fields.push_back({name, value});
  add_security_fields(terms.security, tls, fields);
}

void isolate_cookies(std::string_view host_name, bool parent_too, http::Scratch& scratch, http::Fields& fields) {
  const size_t dot = host_name.find('.');
  const std::string_view parent = parent_too && dot != std::string_view::npos ? host_name.substr(dot + 1) : "";
  for (http::Field& field : fields) {
    if (!is_set_cookie(field)) continue;
    const auto stays = [host_name, parent](std::string_view domain) {
      if (domain.starts_with('.')) domain.remove_prefix(1);
      const auto under = [domain](std::string_view name) {
        return http::iequals(domain, name) ||
               (domain.size() > name.size() && domain[domain.size() - name.size() - 1] == '.' &&
                http::iequals(domain.substr(domain.size() - name.size()), name));
      };
      return under(host_name) || (!parent.empty() && under(parent));
    };
    bool beyond = false;
    std::string cookie = changed_cookie(field.value, [&stays, &beyond](std::string_view attribute) {
      const std::string_view domain = value_of_attribute(attribute, "Domain");
      if (domain.empty() || stays(domain)) return std::optional(std::string(attribute));
      beyond = true;
      return std::optional<std::string>();
    });
    if (beyond) field.value = scratch.add(cookie);
  }
}

}  // namespace ingress::broker
