// The clear port where it does not serve: ACME HTTP-01 challenges from a folder, everything else to https. What a
// trusted proxy says has come to it over https is served.
#pragma once

#include <string>

#include "common/server/exchange.h"

namespace ingress::broker {

class Redirect final : public server::RequestAcceptor {
 public:
  // `acme_webroot` may be empty; `https_port` is written into the Location unless it is 443. `served` answers what came
  // over https.
  Redirect(std::string acme_webroot, int https_port, server::RequestAcceptor& served);

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

  void set_https_port(int port) { https_port_ = port; }

 private:
  void answer_redirect(server::Responder& responder, const http::RequestHead& head) const;

  std::string acme_webroot_;
  int https_port_;
  server::RequestAcceptor& served_;
};

// In front of the forwarder where --http-mode is serve: challenges first.
class ChallengesThen final : public server::RequestAcceptor {
 public:
  ChallengesThen(std::string acme_webroot, server::RequestAcceptor& next);

  server::RequestHandler* on_request(server::Responder& responder, const http::RequestHead& head,
                                     const server::RequestInfo& info) override;
  http::ErrorAnswer on_unreadable(const Error& error, const server::UnreadableRequest& request) override;

 private:
  std::string acme_webroot_;
  server::RequestAcceptor& next_;
};

}  // namespace ingress::broker
