#include "common/http/forwarded.h"

#include <charconv>

#include "common/base/trim.h"
#include "common/http/authority.h"

namespace ingress::http {
namespace {

constexpr int kMostPort = 65535;
constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;

}  // namespace

std::string_view last_said(const Fields& fields, std::string_view name) {
  std::string_view value;
  for (const Field& field : fields) {
    if (iequals(field.name, name)) value = field.value;
  }
  const size_t comma = value.rfind(',');
  return trim_blanks(comma == std::string_view::npos ? value : value.substr(comma + 1));
}

void join_said(const Fields& fields, std::string_view name, std::string& list) {
  list.clear();
  for (const Field& field : fields) {
    if (!iequals(field.name, name)) continue;
    if (!list.empty()) list.append(", ");
    list.append(field.value);
  }
}

std::string_view said_scheme(const Fields& fields) {
  const std::string_view scheme = last_said(fields, "X-Forwarded-Proto");
  if (iequals(scheme, "https")) return "https";
  return iequals(scheme, "http") ? "http" : "";
}

std::string_view said_host(const Fields& fields) {
  const std::string_view host = last_said(fields, "X-Forwarded-Host");
  const std::optional<Authority> parts = parse_authority(host);
  return parts && !parts->host.empty() ? host : std::string_view();
}

int said_port(const Fields& fields) {
  const std::string_view text = last_said(fields, "X-Forwarded-Port");
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= kMostPort ? port : 0;
}

int port_asked(std::string_view host, bool tls) {
  int port = 0;
  // Few have one.
  const size_t colon = host.find(':') == std::string_view::npos ? std::string_view::npos : host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    std::from_chars(host.data() + colon + 1, host.data() + host.size(), port);
  }
  if (port > 0) return port;
  return tls ? kHttpsPort : kHttpPort;
}

}  // namespace ingress::http
