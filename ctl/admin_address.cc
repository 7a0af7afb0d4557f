#include "ctl/admin_address.h"

#include "common/base/hex.h"

namespace ingress::ctl {
namespace {

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

}  // namespace

Outcome<AdminAddress> parse_admin_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  constexpr size_t kLongestPath = 107;  // sockaddr_un
  if (text.starts_with(kUnix)) {
    const std::string path(text.substr(kUnix.size()));
    if (!path.empty() && path.size() <= kLongestPath) return AdminAddress{path, "http://admin"};
    return wrong_usage("--admin " + std::string(text) + ": the socket's path has 1 to 107 bytes");
  }
  std::string_view rest = text;
  std::string scheme = "http://";
  for (const std::string_view each : {"http://", "https://"}) {
    if (!text.starts_with(each)) continue;
    scheme = each;
    rest.remove_prefix(each.size());
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const bool named = scheme.size() + rest.size() <= text.size();  // the scheme was said: a port need not be
  const bool good = !rest.empty() && rest.find_first_of("/?#@ ") == std::string_view::npos &&
                    (named || rest.rfind(':') != std::string_view::npos) && rest.front() != ':';
  if (good) return AdminAddress{"", scheme + std::string(rest)};
  return wrong_usage("--admin " + std::string(text) + ": say unix:/path/of/admin.sock, host:port or http://host:port");
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (plain(c)) {
      out += c;
    } else {
      append_percent_encoded(c, out);
    }
  }
  return out;
}

}  // namespace ingress::ctl
