// Where a URL that a project may set can lead: to public addresses, and to what the operator allowed. Asked of each
// address that the URL's host was resolved to, so that no name is trusted. Plain values; errors are sentences.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "common/base/address_block.h"

namespace ingress::origin {

// Of the public internet: no loopback, private, link-local, shared (100.64.0.0/10), metadata, multicast, reserved or
// unspecified address, nor an IPv6 form that stands for such an IPv4 one. False for what is no address.
bool is_public_address(std::string_view ip);

class TargetRule {
 public:
  // Each of `allowed` is an address, a block of them (10.0.0.0/8, fd00::/8) or a host's name.
  static tl::expected<TargetRule, std::string> make(const std::vector<std::string>& allowed);

  // `host` as the URL has it, `ip` one of its addresses.
  bool allows(std::string_view host, std::string_view ip) const;

  bool operator==(const TargetRule&) const = default;

 private:
  std::vector<AddressBlock> blocks_;
  std::vector<std::string> hosts_;  // lower case
};

}  // namespace ingress::origin
