#include "agent/local/client_side.h"

#include "common/http/forwarded.h"

namespace ingress::agent {
namespace {

constexpr int kHttpsPort = 443;

}  // namespace

void ClientSide::take(const http::Fields& fields, std::string_view client_ip, std::string_view host,
                      std::string_view named, bool trusted) {
  client_ip_.assign(client_ip);
  host_.assign(host);
  named_.assign(named);
  scheme_ = "http";
  forwarded_for_.clear();
  public_host_.clear();
  trusted_ = trusted;
  port_ = http::port_asked(host_, false);
  if (trusted) believe(fields);
}

void ClientSide::believe(const http::Fields& fields) {
  http::join_said(fields, "X-Forwarded-For", forwarded_for_);
  if (!forwarded_for_.empty()) forwarded_for_.append(", ").append(client_ip_);
  // One that repeats the Host is the provider's ingress's, which knows no other.
  const std::string_view host = http::said_host(fields);
  public_host_.assign(host.empty() || (http::iequals(host, host_) && !named_.empty()) ? named_ : host);
  if (!named_.empty()) scheme_ = "https";
  if (const std::string_view scheme = http::said_scheme(fields); !scheme.empty()) scheme_ = scheme;
  const int port = http::said_port(fields);
  port_ = port != 0 ? port : http::port_asked(of_request().shown_host(), scheme_ == "https");
}

http::Inbound ClientSide::of_answer() const {
  if (trusted_ || named_.empty()) return of_request();
  return {client_ip_, "https", host_, kHttpsPort, {}, named_};
}

}  // namespace ingress::agent
