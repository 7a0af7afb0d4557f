#include "broker/client/proxied_requests.h"

#include <charconv>

#include "broker/routing/host_name.h"

namespace ingress::broker {
namespace {

// The value of the one field of that name, "" where there is none. Of several the last one counts, and of a list its
// last element: the proxy that is believed has put it there.
std::string_view last_said(const http::Fields& fields, std::string_view name) {
  std::string_view value;
  for (const http::Field& field : fields) {
    if (http::iequals(field.name, name)) value = field.value;
  }
  if (const size_t comma = value.rfind(','); comma != std::string_view::npos) value.remove_prefix(comma + 1);
  const size_t begin = value.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return value.substr(begin, value.find_last_not_of(" \t") - begin + 1);
}

// All fields as one list.
void join(const http::Fields& fields, std::string_view name, std::string& list) {
  list.clear();
  for (const http::Field& field : fields) {
    if (!http::iequals(field.name, name)) continue;
    if (!list.empty()) list.append(", ");
    list.append(field.value);
  }
}

// 0 for what is no port.
int port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535 ? port : 0;
}

}  // namespace

server::RequestHandler* ProxiedRequests::on_request(server::Responder& responder, const http::RequestHead& head,
                                                    const server::RequestInfo& info) {
  if (!trusted_.trusts(info.client_ip)) return next_.on_request(responder, head, info);
  server::RequestInfo told = info;
  told.behind_proxy = true;
  join(head.fields, "X-Forwarded-For", chain_);
  told.client_ip = trusted_.client_behind(info.client_ip, chain_);
  // A view of chain_ must not move: the client is kept apart.
  const std::string client(told.client_ip);
  told.client_ip = client;
  if (!chain_.empty()) chain_.append(", ").append(info.client_ip);
  told.forwarded_for = chain_;
  const std::string_view scheme = last_said(head.fields, "X-Forwarded-Proto");
  if (http::iequals(scheme, "https") || http::iequals(scheme, "http")) told.tls = scheme.size() == 5;
  const std::string_view host = last_said(head.fields, "X-Forwarded-Host");
  if (HostName name; name.assign(host)) told.public_host = host;
  told.public_port = port_of(last_said(head.fields, "X-Forwarded-Port"));
  return next_.on_request(responder, head, told);
}

http::ErrorAnswer ProxiedRequests::on_unreadable(const Error& error, std::string_view client_ip) {
  return next_.on_unreadable(error, client_ip);
}

}  // namespace ingress::broker
