#include "broker/routing/pattern.h"

#include <algorithm>

#include "broker/routing/host_name.h"

namespace ingress::broker {
namespace {

std::string check_label(std::string_view label, bool first) {
  if (label.empty()) return "it has an empty label";
  if (label.size() > kMaxLabelBytes) return "a label has over 63 bytes";
  const auto stars = std::count(label.begin(), label.end(), '*');
  if (label == "**") return first ? "" : "\"**\" can only be its first label";
  return stars > 1 ? "a label can hold one \"*\"" : "";
}

// Why the lower-case text is no pattern; "" where it is one.
std::string check_labels(std::string_view text) {
  size_t wildcards = 0;
  bool first = true;
  for (std::string_view rest = text;; first = false) {
    const std::string_view label = first_label(rest);
    if (std::string why = check_label(label, first); !why.empty()) return why;
    if (is_wildcard(label)) ++wildcards;
    if (label.size() == rest.size()) {
      if (is_wildcard(label)) return "its last label must be literal";
      break;
    }
    rest = after_first_label(rest);
  }
  if (wildcards > kMaxWildcardLabels) return "it has more than 4 wildcard labels";
  return "";
}

std::string normalise(std::string_view text, std::string& out) {
  out.clear();
  if (text.find_first_of("{}") != std::string_view::npos) {
    return "captures ({name}) are not known to this version; use \"*\"";
  }
  if (text.find('/') != std::string_view::npos) return "it is a host; paths are not known to this version";
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  if (text.empty()) return "it is empty";
  if (text.size() > kMaxHostBytes) return "it has over 253 bytes";
  for (const char c : text) {
    const char lower = c == '.' || c == '*' ? c : host_byte(c);
    if (lower == 0) return "it can hold letters, digits, \"_\", \"-\", \".\" and \"*\" alone";
    out.push_back(lower);
  }
  return check_labels(out);
}

Status refuse(std::string_view what, std::string_view text, std::string_view why, std::string& problem) {
  problem = std::string(what) + " \"" + std::string(text) + "\" is refused: " + std::string(why);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a pattern");
}

}  // namespace

Status normalise_pattern(std::string_view text, std::string& normalised, std::string& problem) {
  const std::string why = normalise(text, normalised);
  return why.empty() ? Status() : refuse("pattern", text, why, problem);
}

Status normalise_domain(std::string_view text, std::string& normalised, std::string& problem) {
  std::string why = normalise(text, normalised);
  if (why.empty() && is_wildcard(normalised)) why = "a domain has no wildcard; make a route for that";
  if (why.empty() && normalised.find('.') == std::string::npos) why = "a domain has two labels at least";
  return why.empty() ? Status() : refuse("domain", text, why, problem);
}

}  // namespace ingress::broker
