#include "agent/local/self_page.h"

#include <algorithm>
#include <array>

#include "agent/local/admission.h"

namespace ingress::agent {
namespace {

constexpr std::string_view kPath = "/_ingress/";

// "localhost:8080", "127.0.0.1", "[::1]:8080"
bool is_local_host(std::string_view host) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port) {
    const std::string_view port = host.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    host = host.substr(0, colon);
  }
  return http::iequals(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

bool starts_with(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && http::iequals(name.substr(0, prefix.size()), prefix);
}

// Fields of who passes requests on, and those that are for this port's other requests.
bool is_passed_on(const http::Fields& fields) {
  constexpr std::array<std::string_view, 3> kNames = {"Forwarded", "Via", "X-Real-IP"};
  return std::any_of(fields.begin(), fields.end(), [&kNames](const http::Field& field) {
    return starts_with(field.name, "X-Forwarded-") || starts_with(field.name, "X-Iterate-") ||
           std::any_of(kNames.begin(), kNames.end(),
                       [&field](std::string_view name) { return http::iequals(field.name, name); });
  });
}

}  // namespace

bool asks_for_self(const http::RequestHead& head, std::string_view client_ip) {
  if (head.method != "GET" && head.method != "HEAD") return false;
  if (head.target.substr(0, head.target.find('?')) != kPath) return false;
  const http::Field* const host = http::find_field(head.fields, "Host");
  return host != nullptr && is_local_host(host->value) && is_local_peer(client_ip) && !is_passed_on(head.fields);
}

bool wants_json(const http::RequestHead& head) {
  const size_t query = head.target.find('?');
  if (query != std::string_view::npos && head.target.substr(query + 1) == "format=json") return true;
  const http::Field* const accept = http::find_field(head.fields, "Accept");
  return accept != nullptr && starts_with(accept->value, "application/json");
}

}  // namespace ingress::agent
