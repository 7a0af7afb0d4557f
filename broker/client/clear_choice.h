// The clear port: each request is served or led to https, by its host's policy (http_mode) or else by --http-mode.
// Thread: the loop's.
#pragma once

#include "broker/routing/route_table.h"
#include "common/server/exchange.h"

namespace ingress::broker {

class ClearChoice final : public server::RequestAcceptor {
 public:
  // All outlive it.
  ClearChoice(const RouteTable& routes, server::RequestAcceptor& redirect, server::RequestAcceptor& serve,
              HttpMode otherwise);

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

 private:
  HttpMode mode_of(const http::RequestHead& head);
  server::RequestAcceptor& acceptor(HttpMode mode) { return mode == HttpMode::kServe ? serve_ : redirect_; }

  const RouteTable& routes_;
  server::RequestAcceptor& redirect_;
  server::RequestAcceptor& serve_;
  const HttpMode otherwise_;
  Resolution resolution_;  // scratch
};

}  // namespace ingress::broker
