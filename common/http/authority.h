// Hosts, authorities and absolute URLs, as far as a proxy must understand them (RFC 3986, 3.2; RFC 9112, 3.2). Private
// to common/http.
#pragma once

#include <optional>
#include <string_view>

namespace ingress::http {

// uri-host [":" port], without user information. A host may be empty, and so may a port behind its colon.
struct Authority {
  std::string_view host;  // brackets included
  int port = 0;           // 0: none
};
std::optional<Authority> parse_authority(std::string_view text);

// scheme "://" authority and the rest, where the scheme is http or https.
struct HttpUrl {
  bool tls = false;
  std::string_view authority;  // as it stands there
  Authority parts;
  std::string_view rest;  // path, query and fragment; may be empty
};
std::optional<HttpUrl> parse_http_url(std::string_view text);

// The same, or "//" and the rest: a reference that takes the scheme from its page, `tls` says which.
std::optional<HttpUrl> parse_http_reference(std::string_view text, bool tls = false);

// The port that is meant: 443 or 80 where there is none.
int port_or_default(const Authority& authority, bool tls);

}  // namespace ingress::http
