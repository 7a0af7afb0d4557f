#include "broker/observe/head_text.h"

#include <algorithm>
#include <array>

#include "common/base/lower_case.h"

namespace ingress::broker {
namespace {

constexpr std::array<std::string_view, 18> kSecretParts = {
    "authorization", "token",     "secret",     "passw", "api-key", "apikey", "api_key", "access-key", "access_key",
    "session",       "signature", "credential", "csrf",  "xsrf",    "jwt",    "dpop",    "assertion",  "private-key"};
constexpr std::array<std::string_view, 8> kSecretQueryNames = {"__share", "sig", "key", "code",
                                                               "auth",    "pwd", "otp", "sid"};
constexpr size_t kLongestSecretQueryName = 7;
static_assert(std::all_of(kSecretQueryNames.begin(), kSecretQueryNames.end(),
                          [](std::string_view name) { return name.size() <= kLongestSecretQueryName; }));

// In lower case.
bool is_secret(std::string_view name) {
  return std::any_of(kSecretParts.begin(), kSecretParts.end(),
                     [name](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

bool is_secret_of_query(std::string_view name) {
  const std::string low = lower_case(name);
  return is_secret(low) ||
         std::find(kSecretQueryNames.begin(), kSecretQueryNames.end(), low) != kSecretQueryNames.end();
}

// "a=1; b=2" with the values left out, of all pairs or of the first one alone.
std::string cookies(std::string_view value, bool all) {
  std::string out;
  bool first = true;
  while (true) {
    const size_t end = std::min(value.find(';'), value.size());
    const std::string_view pair = value.substr(0, end);
    const size_t equals = pair.find('=');
    if (!first && !all) {
      out += pair;
    } else if (equals == std::string_view::npos) {
      out += kRedacted;
    } else {
      out.append(pair.substr(0, equals + 1)).append(kRedacted);
    }
    if (end == value.size()) return out;
    out += ';';
    value.remove_prefix(end + 1);
    first = false;
  }
}

std::string after_scheme(std::string_view value) {
  const size_t space = value.find(' ');
  return std::string(value.substr(0, space == std::string_view::npos ? 0 : space + 1)).append(kRedacted);
}

constexpr std::string_view kEndOfValue = "&;#\"'<>, ";

void append_escaped(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
}

// The user part ("user:password@") of the URL that begins at `at`, just behind "://". Windows of two URLs do not
// overlap: each ends before the next one's slashes.
size_t user_part_end(std::string_view text, size_t at) {
  const size_t end = std::min(text.find_first_of("/?#\"'<>, ", at), text.size());
  const size_t sign = text.substr(at, end - at).rfind('@');
  return sign == std::string_view::npos ? at : at + sign;
}

// "name=value" behind a mark (`?`, `&`…) of a text that is gone through once, from front to back: what was found ahead
// is kept, so that a text of marks alone takes no longer than another.
class QueryPairs {
 public:
  explicit QueryPairs(std::string_view text) : text_(text) {}

  // The pair behind the mark at `mark` is a secret: value_begin() and value_end() are its value's.
  bool secret_behind(size_t mark) {
    const size_t begin = mark + 1;
    if (end_ < begin) end_ = std::min(text_.find_first_of(kEndOfValue, begin), text_.size());
    if (equals_ < begin) {
      equals_ = std::min(text_.find('=', begin), text_.size());
      plain_ = false;
    }
    if (equals_ >= end_) return false;
    const std::string_view name = text_.substr(begin, equals_ - begin);
    // A mark within a name that has no secret part begins a name that has none.
    if (plain_ && name.size() > kLongestSecretQueryName) return false;
    plain_ = !is_secret_of_query(name);
    return !plain_;
  }
  size_t value_begin() const { return equals_ + 1; }
  size_t value_end() const { return end_; }

 private:
  std::string_view text_;
  size_t end_ = 0;
  size_t equals_ = 0;
  bool plain_ = false;  // a name that ends at equals_ was looked at, and is no secret
};

}  // namespace

std::string without_secrets_of_urls(std::string_view text) {
  std::string out;
  size_t kept = 0;  // what is before has been appended
  QueryPairs pairs(text);
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("://")) {
      const size_t begin = at + 3;
      const size_t end = user_part_end(text, begin);
      if (end == begin) continue;
      out.append(text.substr(kept, begin - kept)).append(kRedacted);
      kept = end;
      at = end;
    } else if (text[at] == '?' || text[at] == '&' || text[at] == ';' || text[at] == '#') {
      if (!pairs.secret_behind(at)) continue;
      out.append(text.substr(kept, pairs.value_begin() - kept)).append(kRedacted);
      kept = pairs.value_end();
      at = pairs.value_end() - 1;
    }
  }
  return out.append(text.substr(kept));
}

std::string shown_value(const http::Field& field) {
  const std::string name = lower_case(field.name);
  if (name == "cookie") return cookies(field.value, true);
  if (name == "set-cookie") return cookies(field.value, false);
  if (name == "authorization" || name == "proxy-authorization") return after_scheme(field.value);
  if (is_secret(name)) return std::string(kRedacted);
  // Where a header cannot be set, a token comes as a subprotocol (Kubernetes).
  if (name == "sec-websocket-protocol" && lower_case(field.value).find("bearer") != std::string::npos) {
    return std::string(kRedacted);
  }
  std::string value = without_secrets_of_urls(field.value.substr(0, kMostShownValue));
  if (field.value.size() > kMostShownValue) value += "...";
  return value;
}

std::string fields_json(const http::Fields& fields) {
  std::string out = "[";
  for (const http::Field& field : fields) {
    if (out.size() > kMostShownFields) break;
    out += out.size() == 1 ? "[\"" : ",[\"";
    append_escaped(out, field.name);
    out += "\",\"";
    append_escaped(out, shown_value(field));
    out += "\"]";
  }
  return out += ']';
}

}  // namespace ingress::broker
