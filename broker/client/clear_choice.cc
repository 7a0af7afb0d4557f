#include "broker/client/clear_choice.h"

#include <ctime>

#include "common/http/forward_rules.h"

namespace ingress::broker {

ClearChoice::ClearChoice(const RouteTable& routes, server::RequestAcceptor& redirect, server::RequestAcceptor& serve,
                         HttpMode otherwise)
    : routes_(routes), redirect_(redirect), serve_(serve), otherwise_(otherwise) {}

// Of a host that leads nowhere the broker's own policy says it.
HttpMode ClearChoice::mode_of(const http::RequestHead& head) {
  const RouteIndex& routes = routes_.read();
  if (!routes.sets_http_mode()) return otherwise_;
  const Result<http::RequestTarget> target = http::request_target(head);
  if (!target) return otherwise_;
  static_cast<void>(routes.resolve({target->host, target->target, std::time(nullptr)}, resolution_));
  const HttpMode* const mode = resolution_.policy.http_mode();
  return mode == nullptr ? otherwise_ : *mode;
}

server::RequestHandler* ClearChoice::on_request(server::Responder& responder, const http::RequestHead& head,
                                                const server::RequestInfo& info) {
  return acceptor(mode_of(head)).on_request(responder, head, info);
}

http::ErrorAnswer ClearChoice::on_unreadable(const Error& error, const server::UnreadableRequest& request) {
  return acceptor(otherwise_).on_unreadable(error, request);
}

}  // namespace ingress::broker
