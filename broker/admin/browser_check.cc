#include "broker/admin/browser_check.h"

#include <arpa/inet.h>

#include <algorithm>

namespace ingress::broker::admin {
namespace {

std::string_view value_of(const http::Fields& fields, std::string_view name) {
  const http::Field* field = http::find_field(fields, name);
  return field == nullptr ? std::string_view() : field->value;
}

// Of each field of that name that says something.
std::vector<std::string_view> values_of(const http::Fields& fields, std::string_view name) {
  std::vector<std::string_view> values;
  for (const http::Field& field : fields) {
    if (http::iequals(field.name, name) && !field.value.empty()) values.push_back(field.value);
  }
  return values;
}

bool is_origin_of(std::string_view origin, std::string_view host) {
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && http::iequals(origin.substr(scheme + 3), host);
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    in6_addr address;
    return ::inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) == 1;
  }
  in_addr address;
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

bool is_under(std::string_view name, std::string_view domain) {
  if (name.size() <= domain.size()) return false;
  const std::string_view before = name.substr(0, name.size() - domain.size());
  return before.ends_with('.') && http::iequals(name.substr(before.size()), domain);
}

bool is_loopback_name(std::string_view name) { return http::iequals(name, "localhost") || is_under(name, "localhost"); }

}  // namespace

bool HostList::is_tenants(std::string_view name) const {
  return std::any_of(domains_.begin(), domains_.end(),
                     [name](const std::string& domain) { return is_under(name, domain); });
}

bool HostList::has(std::string_view host, bool on_unix_socket) const {
  std::string_view name = without_port(host);
  if (is_address(name)) return true;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return on_unix_socket;
  if (!on_unix_socket && is_tenants(name)) return false;
  if (is_loopback_name(name)) return true;
  if (on_unix_socket && name.find('.') == std::string_view::npos) return true;
  return std::any_of(names_.begin(), names_.end(),
                     [name](const std::string& known) { return http::iequals(known, name); });
}

bool from_elsewhere(const http::Fields& fields, bool unsaid) {
  const std::vector<std::string_view> sites = values_of(fields, "Sec-Fetch-Site");
  // "none" is who typed the address; no page can have it said.
  if (sites.size() == 1 && sites.front() == "none") return false;
  // Of several, which no browser sends, none may say so.
  if (!sites.empty()) {
    return std::any_of(sites.begin(), sites.end(), [](std::string_view site) { return site != "same-origin"; });
  }
  const std::vector<std::string_view> origins = values_of(fields, "Origin");
  if (origins.empty()) return unsaid;
  const std::string_view host = value_of(fields, "Host");
  return std::any_of(origins.begin(), origins.end(),
                     [host](std::string_view origin) { return !is_origin_of(origin, host); });
}

}  // namespace ingress::broker::admin
