// What X-Iterate-Proxy-Target-Host asks for (design, section 6). A pure function over a head.
#pragma once

#include <string_view>

#include "agent/target/machine_config.h"
#include "common/base/error.h"
#include "common/http/head.h"

namespace ingress::agent {

inline constexpr std::string_view kTargetHeader = "X-Iterate-Proxy-Target-Host";

// Views into the head.
struct AskedTarget {
  int port = 0;                // of this machine, where `host_port` is empty
  std::string_view host_port;  // "localhost:3000", "sidecar:9000": for TargetPolicy::named
  // The whole name, without a dot at its end, where it is one that a client may have asked for ("misha.iterate.app",
  // "4096__misha.iterate.app"); "" for one without a dot and for an address.
  std::string_view host;
};

// A host of the machine's, of its projects or of a route ends where `config` says. Beside those,
// `4096__mach_1.example.com` (or with `--`) is port 4096, and `mach_1.example.com` the machine's default port; without
// a `config` (null) that is 3000. What holds a colon is left to the policy. An absent or empty field is
// kMissingProxyTargetHost; two of them, a prefix that is neither a port nor a service and a malformed host name are
// kInvalidProxyTargetHost; side kClient.
Result<AskedTarget> asked_target(const http::Fields& fields, const MachineConfig* config);

}  // namespace ingress::agent
