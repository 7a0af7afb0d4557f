// Which proxies in front are believed (--trusted-proxy), and who the client is behind them. Plain value.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "common/base/address_block.h"

namespace ingress::proxies {

class TrustedProxies {
 public:
  // Each text is an address or a block of them (10.0.0.0/8, fd00::/8); a sentence for the first that is neither.
  static tl::expected<TrustedProxies, std::string> make(const std::vector<std::string>& texts);

  bool empty() const { return blocks_.empty(); }
  bool trusts(std::string_view ip) const;
  // The client behind `peer_ip`, which is trusted: of X-Forwarded-For's addresses (all fields as one list) the last one
  // that is not trusted, else the first; `peer_ip` where there is none. What is no address ends the search; empty
  // elements are none (RFC 9110, 5.6.1). "IP:PORT" is read, too. A view of either argument.
  std::string_view client_behind(std::string_view peer_ip, std::string_view forwarded_for) const;

  bool operator==(const TrustedProxies&) const = default;

 private:
  std::vector<AddressBlock> blocks_;
};

}  // namespace ingress::proxies
