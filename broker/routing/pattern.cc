#include "broker/routing/pattern.h"

#include <algorithm>

#include "broker/model/target_template.h"
#include "broker/routing/host_name.h"
#include "broker/routing/request_path.h"
#include "common/base/hex.h"
#include "common/http/escape.h"

namespace ingress::broker {
namespace {

constexpr const char* kOneWildcard = "a label can hold one \"*\" or {name}";

std::string check_label(std::string_view label, bool first) {
  if (label.empty()) return "it has an empty label";
  if (label.size() > kMaxLabelBytes) return "a label has over 63 bytes";
  const auto stars = std::count(label.begin(), label.end(), '*');
  if (label == "**") return first ? "" : "\"**\" can only be its first label";
  return stars > 1 ? kOneWildcard : "";
}

// Why the lower-case text is no host pattern; "" where it is one.
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

constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// Appends a decoded literal as it is kept: what would be read as an escape, a wildcard or a capture stands encoded, and
// so do bytes that are no UTF-8, which no JSON holds.
void append_literal(std::string_view literal, std::string& out) {
  const bool is_text = http::utf8_or_ascii(literal) == literal;
  for (const char c : literal) {
    const bool plain = is_ascii(c) ? std::string_view("%*{}").find(c) == std::string_view::npos : is_text;
    if (plain) {
      out.push_back(c);
    } else {
      append_percent_encoded(c, out);
    }
  }
}

// Reads one pattern from left to right: the shape and the text grow together.
class Reader {
 public:
  explicit Reader(Pattern& out) : out_(out) {}

  // Why it is refused; "" where it is good.
  std::string read(std::string_view text) {
    const size_t slash = text.find('/');
    std::string_view host = text.substr(0, slash);
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    if (std::string why = read_host(host); !why.empty()) return why;
    if (slash == std::string_view::npos) return end();
    if (std::string why = read_path(text.substr(slash)); !why.empty()) return why;
    return end();
  }

 private:
  std::string read_host(std::string_view host) {
    if (host.empty()) return "it is empty";
    while (!host.empty()) {
      if (host.front() == '{') {
        if (std::string why = capture(host, "*"); !why.empty()) return why;
        continue;
      }
      const char c = host.front();
      const char lower = c == '.' || c == '*' ? c : host_byte(c);
      if (lower == 0) return "its host can hold letters, digits, \"_\", \"-\", \".\", \"*\" and {name} alone";
      const bool many = host.starts_with("**");
      if (c == '*' && out_.shape.ends_with('*')) return kOneWildcard;
      if (c == '*' && !many) out_.captures.emplace_back();
      add(host.substr(0, many ? 2 : 1), many ? "**" : std::string_view(&lower, 1));
      host.remove_prefix(many ? 2 : 1);
    }
    if (out_.shape.size() > kMaxHostBytes) return "its host has over 253 bytes";
    return check_labels(out_.shape);
  }

  std::string read_path(std::string_view path) {
    size_t segments = 0;
    while (!path.empty()) {
      path.remove_prefix(1);
      std::string_view segment = path.substr(0, path.find('/'));
      path.remove_prefix(segment.size());
      if (segment.empty()) continue;
      if (++segments > kMaxPathSegments) return "its path has over 32 segments";
      const bool last = path.find_first_not_of('/') == std::string_view::npos;
      if (std::string why = read_segment(segment, last); !why.empty()) return why;
    }
    // Every path of the host: as without one.
    if (segments == 1 && out_.shape.ends_with("/*")) return cut_path();
    if (segments == 0) add("/", "/");
    return "";
  }

  std::string cut_path() {
    out_.shape.resize(out_.shape.size() - 2);
    text_.resize(text_.size() - 2);
    return "";
  }

  std::string read_segment(std::string_view segment, bool last) {
    add("/", "/");
    if (segment == "*" && last) {
      add("*", "*");
      return "";
    }
    if (segment == "*") {
      out_.captures.emplace_back();
      differs_ = true;
      add("*", "{}");
      return "";
    }
    if (segment.front() == '{') {
      std::string why = capture(segment, "{}");
      return why.empty() && !segment.empty() ? "a {name} in its path is a whole segment" : why;
    }
    if (segment.find_first_of("{}*") != std::string_view::npos) return "a {name} or * in its path is a whole segment";
    std::string literal;
    if (!decode_segment(segment, literal)) return "its path has a segment that no request may have";
    std::string kept;
    append_literal(literal, kept);
    add(kept, kept);
    return "";
  }

  // Takes a {name} off the text.
  std::string capture(std::string_view& text, std::string_view shape) {
    const size_t close = text.find('}');
    const std::string_view name = close == std::string_view::npos ? std::string_view() : text.substr(1, close - 1);
    if (out_.shape.ends_with('*')) return kOneWildcard;
    if (!is_capture_name(name)) return "a capture is {name}, of letters, digits and \"_\"";
    if (std::find(out_.captures.begin(), out_.captures.end(), name) != out_.captures.end()) {
      return "it captures {" + std::string(name) + "} twice";
    }
    out_.captures.emplace_back(name);
    differs_ = true;
    add(text.substr(0, close + 1), shape);
    text.remove_prefix(close + 1);
    return "";
  }

  void add(std::string_view text, std::string_view shape) {
    text_.append(shape == "*" || shape == "{}" ? text : shape);
    out_.shape.append(shape);
  }

  std::string end() {
    if (differs_) out_.text = std::move(text_);
    return "";
  }

  Pattern& out_;
  std::string text_;
  bool differs_ = false;  // the text from the shape
};

Status refuse(std::string_view what, std::string_view text, std::string_view why, std::string& problem) {
  problem = std::string(what) + " \"" + std::string(text) + "\" is refused: " + std::string(why);
  return fail(ErrorCode::kInvalidArgument, Side::kClient, "reading a pattern");
}

}  // namespace

Status read_pattern(std::string_view text, Pattern& pattern, std::string& problem) {
  pattern = Pattern();
  const std::string why = Reader(pattern).read(text);
  return why.empty() ? Status() : refuse("pattern", text, why, problem);
}

Status normalise_domain(std::string_view text, std::string& normalised, std::string& problem) {
  Pattern pattern;
  std::string why = Reader(pattern).read(text);
  if (why.empty() && !is_plain_host(pattern.shape)) why = "a domain has no wildcard and no path; make a route for that";
  if (why.empty() && pattern.shape.find('.') == std::string::npos) why = "a domain has two labels at least";
  normalised = std::move(pattern.shape);
  return why.empty() ? Status() : refuse("domain", text, why, problem);
}

}  // namespace ingress::broker
