// In front of whoever answers: an HTTP/1.1 Upgrade to `iterate-tunnel`, on whatever host and path, is an agent whose
// way leads through something that speaks HTTP only (docs/protocol.md, 1). It never reaches an origin. HELLO shows a
// token: in clear it is taken from trusted proxies, which have taken TLS off, and from loopback alone. Thread: the
// loop's.
#pragma once

#include <functional>
#include <memory>

#include "common/server/exchange.h"

namespace ingress::broker {

class TunnelUpgrades final : public server::RequestAcceptor {
 public:
  using OnTunnel = std::function<void(std::unique_ptr<transport::Connection> connection)>;

  TunnelUpgrades(server::RequestAcceptor& next, OnTunnel on_tunnel);

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

 private:
  server::RequestAcceptor& next_;
  OnTunnel on_tunnel_;
};

}  // namespace ingress::broker
