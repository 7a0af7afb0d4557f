// Binding as listeners do it. Private to common/uv.
#pragma once

#include "common/uv/socket.h"

namespace ingress::uv {

// A bound TCP socket, or a negated errno. [::] and 0.0.0.0 both take IPv6 and IPv4; 0.0.0.0 takes IPv4 alone where the
// kernel has no IPv6.
int bind_tcp(const Address& address);

}  // namespace ingress::uv
