// Who may read what the agent says of itself (/_ingress/), and in which form. Pure functions over a head.
//
// It is for who works in the machine. A request that came through anything else, a provider's ingress or a page of some
// site, gets what it would get for any other path: the peer must be on this machine, the Host local, and nothing may
// say that the request was passed on or is meant for a port. It cannot come by a tunnel: the agent's port is no target.
#pragma once

#include <string_view>

#include "common/http/head.h"

namespace ingress::agent {

bool asks_for_self(const http::RequestHead& head, std::string_view client_ip);
// JSON by `?format=json`, or where Accept names application/json and prefers no text; else text.
bool wants_json(const http::RequestHead& head);

}  // namespace ingress::agent
