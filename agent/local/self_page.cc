#include "agent/local/self_page.h"

#include <algorithm>
#include <array>

#include "agent/local/admission.h"
#include "common/http/accept.h"
#include "common/http/field_names.h"
#include "common/http/forwarded.h"

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

// Fields of who passes requests on, and those that are for this port's other requests; in each spelling that an app may
// take for them.
bool is_passed_on(const http::Fields& fields) {
  constexpr std::array<std::string_view, 3> kNames = {"forwarded", "via", "x-real-ip"};
  constexpr std::array<std::string_view, 2> kPrefixes = {"x-forwarded-", "x-iterate-"};
  return std::any_of(fields.begin(), fields.end(), [&kNames, &kPrefixes](const http::Field& field) {
    const auto is = [&field](std::string_view name) { return http::folds_to(field.name, name); };
    const auto begins = [&field](std::string_view prefix) {
      return http::folds_to(field.name.substr(0, prefix.size()), prefix);
    };
    return std::any_of(kNames.begin(), kNames.end(), is) || std::any_of(kPrefixes.begin(), kPrefixes.end(), begins);
  });
}

// A parameter, whatever stands beside it.
bool has_parameter(std::string_view query, std::string_view parameter) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    if (query.substr(0, end) == parameter) return true;
    if (end == std::string_view::npos) return false;
    query.remove_prefix(end + 1);
  }
  return false;
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
  if (query != std::string_view::npos && has_parameter(head.target.substr(query + 1), "format=json")) return true;
  std::string accept;
  http::join_said(head.fields, "Accept", accept);
  return http::prefers_json(accept);
}

}  // namespace ingress::agent
