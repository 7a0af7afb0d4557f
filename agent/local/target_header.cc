#include "agent/local/target_header.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

#include "agent/target/port_range.h"

namespace ingress::agent {
namespace {

constexpr size_t kLongestHost = 253;
constexpr size_t kLongestLabel = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_host_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool is_host_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kLongestHost) return false;
  // Digits alone are a port in the wrong place rather than a name.
  if (std::all_of(host.begin(), host.end(), is_digit)) return false;
  while (true) {
    const size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (label.empty() || label.size() > kLongestLabel) return false;
    if (!std::all_of(label.begin(), label.end(), is_host_byte)) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

// What a client may have asked for: a name below another one, which no address is.
std::string_view public_host(std::string_view value) {
  if (value.ends_with('.')) value.remove_suffix(1);
  const size_t dot = value.rfind('.');
  if (dot == std::string_view::npos || !is_host_name(value)) return {};
  const std::string_view last = value.substr(dot + 1);
  return std::all_of(last.begin(), last.end(), is_digit) ? std::string_view() : value;
}

// `--` occurs in names too (xn--…): it ends a port where what is before it could be meant as one.
bool looks_like_port(std::string_view prefix) {
  return std::all_of(prefix.begin(), prefix.end(), [](char c) { return is_digit(c) || c == '+' || c == '-'; });
}

// Where the separator behind a port begins; npos where there is none.
size_t find_separator(std::string_view value) {
  const size_t underscores = value.find("__");
  const size_t hyphens = value.find("--", value.starts_with("-") && !value.starts_with("--") ? 1 : 0);
  if (hyphens < underscores && looks_like_port(value.substr(0, hyphens))) return hyphens;
  return underscores;
}

std::optional<Result<int>> known_port(std::string_view value, const MachineConfig* config) {
  if (config == nullptr) return std::nullopt;
  if (value.ends_with('.')) value.remove_suffix(1);
  std::string host(value.substr(0, kLongestHost + 1));
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return config->port_of(host);
}

}  // namespace

Result<AskedTarget> asked_target(const http::Fields& fields, const MachineConfig* config) {
  const auto invalid =
      fail(ErrorCode::kInvalidProxyTargetHost, Side::kClient, "X-Iterate-Proxy-Target-Host is malformed");
  const http::Field* found = nullptr;
  for (const http::Field& field : fields) {
    if (field.name.size() != kTargetHeader.size() || !http::iequals(field.name, kTargetHeader)) continue;
    if (found != nullptr) return invalid;
    found = &field;
  }
  if (found == nullptr || found->value.empty()) {
    return fail(ErrorCode::kMissingProxyTargetHost, Side::kClient, "no X-Iterate-Proxy-Target-Host");
  }
  const std::string_view value = found->value;
  if (value.find(':') != std::string_view::npos) return AskedTarget{0, value, {}};
  const std::string_view host = public_host(value);
  if (const std::optional<Result<int>> known = known_port(value, config)) {
    return known->map([host](int port) { return AskedTarget{port, {}, host}; });
  }
  const size_t separator = find_separator(value);
  if (separator == std::string_view::npos) {
    if (!is_host_name(value)) return invalid;
    return AskedTarget{config == nullptr ? kDefaultPort : config->default_port, {}, host};
  }
  const Result<int> port = parse_port(value.substr(0, separator));
  if (!port || !is_host_name(value.substr(separator + 2))) return invalid;
  return AskedTarget{*port, {}, host};
}

}  // namespace ingress::agent
