// What of an origin's response head crosses the tunnel: everything but the hop-by-hop fields (RFC 9110, 7.6.1).
#pragma once

#include "common/http/head.h"

namespace ingress::agent {

// `fields` without Connection and what it names, Keep-Alive, Proxy-Connection, Transfer-Encoding and Upgrade; Upgrade
// stays where `switching` (a 101). Views into `fields`.
void end_to_end_fields(const http::Fields& fields, bool switching, http::Fields& out);

}  // namespace ingress::agent
