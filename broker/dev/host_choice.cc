#include "broker/dev/host_choice.h"

#include <algorithm>

#include "broker/routing/host_name.h"
#include "common/base/address_block.h"
#include "common/base/hex.h"
#include "common/base/loopback_ip.h"
#include "common/base/lower_case.h"
#include "common/base/names.h"
#include "common/base/trim.h"

namespace ingress::broker::dev {
namespace {

constexpr unsigned kNoDigit = 16;
constexpr std::string_view kInvalid = "%";  // no host: the request is refused as one with a bad Host

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

std::string plain_host(std::string_view host) {
  std::string name = lower_case(without_port(host));
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool is_address(std::string_view host) {
  if (host.starts_with('[')) return true;
  return !host.empty() &&
         std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// Of "[::1]" and "10.9.8.7"; "" for what is no address.
std::string_view ip_of(std::string_view address) {
  const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
  const std::string_view ip = bracketed ? address.substr(1, address.size() - 2) : address;
  return IpAddress::parse(ip) ? ip : std::string_view();
}

// It is told to the origin, and stands in redirects.
bool is_well_formed(std::string_view host) {
  if (!host.starts_with('[')) {
    HostName name;
    return name.assign(host).has_value();
  }
  const std::string_view address = without_port(host);
  const std::string_view port = host.substr(address.size());
  return !ip_of(address).empty() && (port.empty() || (port.front() == ':' && all_digits(port.substr(1))));
}

bool is_below(std::string_view host, std::string_view domain) {
  return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

bool may_stand_in_host(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == ':';
}

// application/x-www-form-urlencoded; what is no escape stands for itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned high = i + 2 < text.size() ? hex_digit(text[i + 1]) : kNoDigit;
    const unsigned low = i + 2 < text.size() ? hex_digit(text[i + 2]) : kNoDigit;
    if (text[i] == '%' && high < kNoDigit && low < kNoDigit) {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string host_of(const HostParameter& parameter, std::string_view value) {
  if (value.empty()) return {};
  if (!std::all_of(value.begin(), value.end(), may_stand_in_host)) return std::string(kInvalid);
  return parameter.before + std::string(value) + parameter.after;
}

// The first parameter of that name.
bool find_parameter(std::string_view query, std::string_view name, std::string& value) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (decoded(pair.substr(0, equals)) != name) continue;
    value = equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
    return true;
  }
  return false;
}

std::string cookie_of(const http::Fields& fields) {
  for (const http::Field& field : fields) {
    if (!http::iequals(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const size_t equals = pair.find('=');
      if (equals == std::string_view::npos || trim_blanks(pair.substr(0, equals)) != kHostCookie) continue;
      return std::string(trim_blanks(pair.substr(equals + 1)));
    }
  }
  return {};
}

bool is_navigation(const http::RequestHead& head) {
  if (head.method != "GET") return false;
  if (const http::Field* mode = http::find_field(head.fields, "Sec-Fetch-Mode")) return mode->value == "navigate";
  const http::Field* const accept = http::find_field(head.fields, "Accept");
  return accept != nullptr && accept->value.find("text/html") != std::string_view::npos;
}

}  // namespace

bool parse_host_parameter(std::string_view text, HostParameter& parameter) {
  const size_t equals = text.find('=');
  parameter.name = std::string(text.substr(0, equals));
  if (parameter.name.empty()) return false;
  if (equals == std::string_view::npos) return true;
  const std::string_view form = text.substr(equals + 1);
  const size_t hole = form.find("{}");
  if (hole == std::string_view::npos) return false;
  parameter.before = lower_case(form.substr(0, hole));
  parameter.after = lower_case(form.substr(hole + 2));
  const std::string around = parameter.before + parameter.after;
  return std::all_of(around.begin(), around.end(), may_stand_in_host);
}

bool is_bare_host(std::string_view host) {
  const std::string name = plain_host(host);
  return is_address(name) || name == kLocalDomain;
}

std::string network_origin(std::string_view own_host, bool tls) {
  const std::string_view address = without_port(own_host);
  if (!is_address(address) || !is_well_formed(own_host)) return "";
  const std::string_view ip = ip_of(address);
  if (ip.empty() || is_loopback_ip(ip)) return "";
  return (tls ? "https://" : "http://") + std::string(own_host);
}

std::string with_port_of(std::string_view own_host, std::string host) {
  if (host.find(':') == std::string::npos) host += own_host.substr(without_port(own_host).size());
  return host;
}

bool is_own_host(const HostChoiceRules& rules, std::string_view host) {
  if (!is_well_formed(host)) return false;
  if (is_bare_host(host)) return true;
  const std::string name = plain_host(host);
  return std::any_of(rules.domains.begin(), rules.domains.end(),
                     [&name](const std::string& domain) { return name == domain || is_below(name, domain); });
}

HostChoice choose_host(const HostChoiceRules& rules, std::string_view own_host, std::string_view target,
                       const http::RequestHead& head) {
  HostChoice choice;
  if (!is_own_host(rules, own_host)) return choice;
  if (const http::Field* field = http::find_field(head.fields, kHostField)) {
    choice.host = host_of({}, field->value);
    choice.lasts = true;
    return choice;
  }
  const size_t mark = target.find('?');
  const std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  for (const HostParameter& parameter : rules.parameters) {
    std::string value;
    if (!find_parameter(query, parameter.name, value)) continue;
    choice.host = host_of(parameter, value);
    // An empty one leads back to the landing page, and stays away from there.
    choice.forget = value.empty() && is_bare_host(own_host);
    choice.keep = choice.host != kInvalid && is_bare_host(own_host) && is_navigation(head);
    choice.lasts = choice.keep || (is_bare_host(own_host) && choice.host == host_of({}, cookie_of(head.fields)));
    return choice;
  }
  // A name of a port or project is not what the cookie is for.
  if (is_bare_host(own_host)) choice.host = host_of({}, cookie_of(head.fields));
  choice.lasts = true;
  return choice;
}

std::string without_host_cookie(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const std::string_view pair = value.substr(0, value.find(';'));
    value.remove_prefix(std::min(value.size(), pair.size() + 1));
    const std::string_view kept = trim_blanks(pair);
    if (kept.empty() || trim_blanks(kept.substr(0, kept.find('='))) == kHostCookie) continue;
    out.append(out.empty() ? "" : "; ").append(kept);
  }
  return out;
}

}  // namespace ingress::broker::dev
