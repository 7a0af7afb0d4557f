#include "agent/target/target_policy.h"

#include <algorithm>
#include <cctype>

#include "common/base/address_block.h"
#include "common/base/names.h"

namespace ingress::agent {
namespace {

bool is_one_of(int port, const auto& ports) { return std::find(ports.begin(), ports.end(), port) != ports.end(); }

bool is_ipv6(std::string_view text) { return text.find(':') != std::string_view::npos && IpAddress::parse(text); }

}  // namespace

Result<NamedTarget> NamedTarget::parse(std::string_view text) {
  const auto bad = fail(ErrorCode::kInvalidArgument, Side::kInternal, "not HOST:PORT");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad;
  const Result<int> port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!port || !(bracketed ? is_ipv6(host) : host_form(host))) return bad;
  NamedTarget target{std::string(host), *port};
  for (char& c : target.host) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return target;
}

bool NamedTarget::is_local() const { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

Status TargetPolicy::check(int port) const {
  constexpr int kHighestPort = 65535;
  if (port < 1 || port > kHighestPort) return fail(ErrorCode::kInvalidPort, Side::kClient, "not a port");
  if (is_one_of(port, own_ports_)) return fail(ErrorCode::kForbidden, Side::kClient, "the agent's own port");
  const bool named = any_contains(options_.allow_ports, port);
  const bool denied = any_contains(options_.deny_ports, port) || (!options_.allow_ports.empty() && !named) ||
                      (!named && is_one_of(port, kDeniedByDefault));
  if (denied) return fail(ErrorCode::kForbidden, Side::kClient, "the agent denies this port");
  return {};
}

Result<origin::Target> TargetPolicy::target(int port) const {
  if (const Status allowed = check(port); !allowed) return tl::unexpected(allowed.error());
  origin::Target target;
  target.addresses = {{"127.0.0.1", port, {}}, {"::1", port, {}}};
  target.key = "localhost:" + std::to_string(port);
  return target;
}

Result<origin::Target> TargetPolicy::named(std::string_view host_port) const {
  const auto unknown = fail(ErrorCode::kInvalidProxyTargetHost, Side::kClient, "neither local nor an allowed target");
  const Result<NamedTarget> wanted = NamedTarget::parse(host_port);
  if (!wanted) return unknown;
  if (wanted->is_local()) return target(wanted->port);
  const std::vector<NamedTarget>& allowed = options_.allow_targets;
  if (std::find(allowed.begin(), allowed.end(), *wanted) == allowed.end()) return unknown;
  origin::Target target;
  target.host = wanted->host;
  target.port = wanted->port;
  target.key = wanted->host + ":" + std::to_string(wanted->port);
  return target;
}

}  // namespace ingress::agent
