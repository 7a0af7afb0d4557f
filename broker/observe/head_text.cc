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

// The user part ("user:password@") of the URL that begins at `at`, just behind "://".
size_t user_part_end(std::string_view text, size_t at) {
  const size_t end = text.find_first_of("/?#\"'<>, ", at);
  const size_t sign = text.substr(0, std::min(end, text.size())).rfind('@');
  return sign == std::string_view::npos || sign < at ? at : sign;
}

}  // namespace

std::string without_secrets_of_urls(std::string_view text) {
  std::string out;
  size_t kept = 0;  // what is before has been appended
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("://")) {
      const size_t begin = at + 3;
      const size_t end = user_part_end(text, begin);
      if (end == begin) continue;
      out.append(text.substr(kept, begin - kept)).append(kRedacted);
      kept = end;
      at = end;
    } else if (text[at] == '?' || text[at] == '&' || text[at] == ';' || text[at] == '#') {
      const size_t end = std::min(text.find_first_of(kEndOfValue, at + 1), text.size());
      const size_t equals = text.substr(0, end).find('=', at + 1);
      if (equals == std::string_view::npos || !is_secret_of_query(text.substr(at + 1, equals - at - 1))) continue;
      out.append(text.substr(kept, equals + 1 - kept)).append(kRedacted);
      kept = end;
      at = end - 1;
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
