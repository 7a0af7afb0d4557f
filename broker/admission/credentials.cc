#include "broker/admission/credentials.h"

#include "common/tls/digest.h"

namespace ingress::broker {
namespace {

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view credentials_of(const http::Fields& fields, std::string_view scheme) {
  const http::Field* field = http::find_field(fields, "Authorization");
  if (field == nullptr || field->value.size() <= scheme.size()) return {};
  if (!http::iequals(field->value.substr(0, scheme.size()), scheme) || field->value[scheme.size()] != ' ') return {};
  return without_spaces(field->value.substr(scheme.size()));
}

std::string_view cookie_of(const http::Fields& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const size_t end = rest.find(';');
      const std::string_view pair = without_spaces(rest.substr(0, end));
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        return pair.substr(name.size() + 1);
      }
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return {};
}

bool lets_in(const BasicAuth& basic, const http::Fields& fields) {
  const std::optional<std::string> shown = tls::from_base64(credentials_of(fields, "Basic"));
  const size_t colon = shown ? shown->find(':') : std::string::npos;
  if (colon == std::string::npos) return false;
  const std::string_view name = std::string_view(*shown).substr(0, colon);
  const std::string password = shown->substr(colon + 1);
  bool good = false;
  for (const BasicAuth::User& user : basic.users) {
    // Unknown names take as long.
    const bool same = tls::equal_constant_time(tls::sha256_hex(user.salt + password), user.sha256);
    good |= static_cast<bool>(static_cast<unsigned>(user.name == name) & static_cast<unsigned>(same));
  }
  return good;
}

bool lets_in(const BearerAuth& bearer, const http::Fields& fields) {
  const std::string_view shown = credentials_of(fields, "Bearer");
  if (shown.empty()) return false;
  const std::string hash = tls::sha256_hex(shown);
  bool good = false;
  for (const std::string& known : bearer.sha256) good |= tls::equal_constant_time(hash, known);
  return good;
}

}  // namespace ingress::broker
