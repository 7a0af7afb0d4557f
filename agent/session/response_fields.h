// What of an origin's response head crosses the tunnel: everything but the hop-by-hop fields (RFC 9110, 7.6.1).
#pragma once

#include "common/http/head.h"

namespace ingress::agent {

// `fields` without Connection and what it names, Keep-Alive, Proxy-Connection, Transfer-Encoding and Upgrade; Upgrade
// stays where it says something: with a 101 and a 426. Views into `fields`.
void end_to_end_fields(const http::Fields& fields, int status, http::Fields& out);

}  // namespace ingress::agent
