// The agent's last word on what may be reached through it, by a tunnel stream or by its own port 8080.
//
// - A local port (127.0.0.1 and [::1]) is allowed unless it is one of the agent's own, in `deny_ports`, or outside
//   `allow_ports` where any are given. Debuggers and the Docker socket's ports (kDeniedByDefault) are denied unless
//   `allow_ports` holds them. A denial outweighs an allowance.
// - Any other host is reached only where `allow_targets` names it with that port.
//
// Thread: the loop's.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "agent/target/port_range.h"
#include "common/base/error.h"
#include "common/origin/origin_pool.h"

namespace ingress::agent {

// A host that is not this machine, and its port: --allow-target sidecar:9000. `host` is a name in lower case, or an IP
// (an IPv6 one without brackets).
struct NamedTarget {
  std::string host;
  int port = 0;

  // "sidecar:9000", "10.0.0.7:80", "[fd00::1]:80"; kInvalidArgument for anything else.
  static Result<NamedTarget> parse(std::string_view text);
  // "localhost", "127.0.0.1" or "[::1]": a port of this machine, which is allowed or denied as such.
  bool is_local() const;
  bool operator==(const NamedTarget&) const = default;
};

struct TargetOptions {
  std::vector<PortRange> allow_ports;  // none: every port
  std::vector<PortRange> deny_ports;
  std::vector<NamedTarget> allow_targets;
};

class TargetPolicy {
 public:
  static constexpr std::array<int, 4> kDeniedByDefault = {2375, 2376, 9222, 9229};

  explicit TargetPolicy(TargetOptions options) : options_(std::move(options)) {}

  // A port on which this agent itself listens; it is never a target.
  void add_own_port(int port) { own_ports_.push_back(port); }

  // Whether target() has one for it.
  bool allows(int port) const { return check(port).has_value(); }
  // A local port. kInvalidPort outside 1–65535, kForbidden where it is denied; side kClient.
  Result<origin::Target> target(int port) const;
  // A host and port, "sidecar:9000": what allow_targets names, or a local port spelt "localhost:PORT",
  // "127.0.0.1:PORT", "[::1]:PORT". kInvalidProxyTargetHost where it is neither.
  Result<origin::Target> named(std::string_view host_port) const;

 private:
  Status check(int port) const;

  TargetOptions options_;
  std::vector<int> own_ports_;
};

}  // namespace ingress::agent
