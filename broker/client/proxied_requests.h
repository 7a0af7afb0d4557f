// In front of whoever answers: where a request came by a trusted proxy, its client is the one that the proxy names, and
// scheme, host and port are those that the client used. Thread: the loop's.
#pragma once

#include <string>

#include "common/proxies/trusted_proxies.h"
#include "common/server/exchange.h"

namespace ingress::broker {

class ProxiedRequests final : public server::RequestAcceptor {
 public:
  explicit ProxiedRequests(server::RequestAcceptor& next) : next_(next) {}

  // For requests that come from now on.
  void set(const proxies::TrustedProxies& trusted) { trusted_ = trusted; }

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

 private:
  server::RequestAcceptor& next_;
  proxies::TrustedProxies trusted_;
  std::string chain_;  // scratch of one call
};

}  // namespace ingress::broker
