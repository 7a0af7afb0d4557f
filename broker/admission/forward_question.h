// The sub-request that asks a server whether a request may come in (as nginx's auth_request and Traefik's forward auth
// do), and what its answer means. Pure.
#pragma once

#include <optional>

#include "broker/admission/asked.h"
#include "broker/admission/terms.h"
#include "broker/calls/web_call.h"
#include "broker/policy/auth_rule.h"
#include "broker/routing/captures.h"

namespace ingress::broker {

// Where the request would go: told to the server.
struct ForwardPlace {
  std::string_view machine;
  std::string_view project;
  int port = 0;
  const Captures& captures;
};

// The client's fields go along (its cookies are what it is asked about), the body does not.
WebRequest forward_question(const ForwardAuth& rule, const Asked& asked, const ForwardPlace& place);

// What the answer refuses with: 401, 403 and redirects as they are (a WebSocket gets 401 in place of a redirect), all
// but a 2xx else as 502. nullopt where it lets in.
std::optional<Instead> refusal_in(const WebAnswer& answer, bool upgrade);
// The fields that go on to the origin, after a 2xx; those that the answer lacks are there with "" and shall be removed.
FieldList fields_in(const WebAnswer& answer, const ForwardAuth& rule);

}  // namespace ingress::broker
