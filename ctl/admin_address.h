// Where the admin API is. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ctl/outcome.h"

namespace ingress::ctl {

inline constexpr std::string_view kUsualAdmin = "unix:/run/ingress/admin.sock";

struct AdminAddress {
  std::string unix_path;  // "" for TCP
  std::string base_url;   // "http://127.0.0.1:8481", without a slash at its end
};

// "unix:/path", "http://host:port", "https://host:port" or "host:port".
Outcome<AdminAddress> parse_admin_address(std::string_view text);

// For one segment of a path, or a query value (RFC 3986).
std::string percent_encoded(std::string_view text);

}  // namespace ingress::ctl
