#include "broker/client/proxied_requests.h"

#include "broker/routing/host_name.h"
#include "common/http/forwarded.h"

namespace ingress::broker {
server::RequestHandler* ProxiedRequests::on_request(server::Responder& responder, const http::RequestHead& head,
                                                    const server::RequestInfo& info) {
  if (!trusted_.trusts(info.client_ip)) return next_.on_request(responder, head, info);
  server::RequestInfo told = info;
  told.behind_proxy = true;
  http::join_said(head.fields, "X-Forwarded-For", chain_);
  told.client_ip = trusted_.client_behind(info.client_ip, chain_);
  // A view of chain_ must not move: the client is kept apart.
  const std::string client(told.client_ip);
  told.client_ip = client;
  if (!chain_.empty()) chain_.append(", ").append(info.client_ip);
  told.forwarded_for = chain_;
  if (const std::string_view scheme = http::said_scheme(head.fields); !scheme.empty()) told.tls = scheme == "https";
  const std::string_view host = http::last_said(head.fields, "X-Forwarded-Host");
  if (HostName name; name.assign(host)) told.public_host = host;
  told.public_port = http::said_port(head.fields);
  return next_.on_request(responder, head, told);
}

http::ErrorAnswer ProxiedRequests::on_unreadable(const Error& error, const server::UnreadableRequest& request) {
  return next_.on_unreadable(error, request);
}

}  // namespace ingress::broker
