// The URL of a server that is to be called: http or https, a host, perhaps a port, a path and a query. Errors:
// kInvalidArgument for all else; user information and fragments are refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace ingress::http {

struct WebUrl {
  static constexpr size_t kMostBytes = 2048;

  bool tls = false;
  std::string host;       // a name or an address, an IPv6 one without brackets
  int port = 0;           // 443 or 80 where the URL says none
  std::string authority;  // as the Host field has it
  std::string target;     // path and query, "/" at least
};

Result<WebUrl> parse_web_url(std::string_view text);

}  // namespace ingress::http
