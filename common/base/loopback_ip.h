// This machine's own addresses.
#pragma once

#include <string_view>

namespace ingress {

// "127.0.0.1" and its like, "::1".
constexpr bool is_loopback_ip(std::string_view ip) { return ip.starts_with("127.") || ip == "::1"; }

}  // namespace ingress
