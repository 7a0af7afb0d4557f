// Which host a request means whose client cannot set a Host (design, section 9): by the field X-Ingress-Host, by a
// parameter of the query, or by the cookie that a page's navigation with such a parameter was given. Pure.
//
// Only of requests whose own Host is one of this machine's names: a page of anybody else whose name leads here by
// rebinding chooses nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/head.h"

namespace ingress::broker::dev {

inline constexpr std::string_view kLocalDomain = "localhost";
inline constexpr std::string_view kHostField = "X-Ingress-Host";
inline constexpr std::string_view kHostCookie = "__ingress_host";
inline constexpr std::string_view kHostParameter = "__host";

// `?replId=x` means the host `before` + x + `after`.
struct HostParameter {
  std::string name;
  std::string before;
  std::string after;
};

struct HostChoiceRules {
  std::vector<std::string> domains;
  std::vector<HostParameter> parameters = {{std::string(kHostParameter), "", ""}};
};

// "replId={}.example.com", or "replId" for the value alone. False where the text is neither.
bool parse_host_parameter(std::string_view text, HostParameter& parameter);

struct HostChoice {
  std::string host;     // "" where the request has its own
  bool keep = false;    // a browser loads a page by its parameter: what that loads is to go the same way
  bool lasts = false;   // the next request, of a redirect say, chooses it again: by the field, or by what is kept
  bool forget = false;  // the parameter is there and empty: what was kept is to go
};

// `own_host` is the request's, port included; `target` in origin-form.
HostChoice choose_host(const HostChoiceRules& rules, std::string_view own_host, std::string_view target,
                       const http::RequestHead& head);

// The chosen name as a client that can set a Host sends it: with the port that `own_host` has, but where it names one.
std::string with_port_of(std::string_view own_host, std::string host);

// A name or an address of this machine: localhost and all below it, an IP address, a domain of ours and all below it.
// False for what is no host.
bool is_own_host(const HostChoiceRules& rules, std::string_view host);
// Of those, one that leads nowhere by itself: localhost, an address.
bool is_bare_host(std::string_view host);
// "https://10.9.8.7:8443" for the address of a network, by which a device came that knows no name of this machine; ""
// for names and loopback.
std::string network_origin(std::string_view own_host, bool tls);

// A Cookie field's value without our cookie.
std::string without_host_cookie(std::string_view value);

}  // namespace ingress::broker::dev
