#include "broker/client/tunnel_upgrades.h"

#include <utility>

#include "common/base/log.h"
#include "common/base/loopback_ip.h"

namespace ingress::broker {
namespace {

constexpr std::string_view kProtocol = "iterate-tunnel";
constexpr Error kInClear{ErrorCode::kForbidden, Side::kClient, false, 0,
                         "in clear a tunnel is taken from --trusted-proxy addresses and from loopback alone"};

bool may_come(const server::RequestInfo& info) {
  return info.tls || info.behind_proxy || is_loopback_ip(info.client_ip);
}

}  // namespace

TunnelUpgrades::TunnelUpgrades(server::RequestAcceptor& next, OnTunnel on_tunnel)
    : next_(next), on_tunnel_(std::move(on_tunnel)) {}

server::RequestHandler* TunnelUpgrades::on_request(server::Responder& responder, const http::RequestHead& head,
                                                   const server::RequestInfo& info) {
  if (!info.upgrade || info.http2 || !http::has_token(head.fields, "Upgrade", kProtocol)) {
    return next_.on_request(responder, head, info);
  }
  if (!may_come(info)) {
    log_debug("tunnel_refused", {{"peer", std::string(info.client_ip)}, {"reason", kInClear.context}});
    http::ErrorDetails details;
    details.reason = kInClear.context;
    responder.close_after_answer();
    server::send_answer(responder, http::error_answer(kInClear, details, {}), kInClear);
    return nullptr;
  }
  uv::Address agent;
  agent.ip = info.client_ip;
  http::ResponseHead switching;
  switching.status = 101;
  switching.reason = "Switching Protocols";
  switching.fields = {{"Upgrade", kProtocol}};
  ByteBuffer begun;
  std::unique_ptr<transport::Connection> connection = responder.take_over(switching, begun);
  if (connection == nullptr) {
    responder.abort();
    return nullptr;
  }
  // Whom the proxy names is whom the tunnel is listed with.
  if (agent.ip != connection->peer().ip) connection->tell_peer(agent);
  on_tunnel_(std::move(connection));
  return nullptr;
}

http::ErrorAnswer TunnelUpgrades::on_unreadable(const Error& error, const server::UnreadableRequest& request) {
  return next_.on_unreadable(error, request);
}

}  // namespace ingress::broker
