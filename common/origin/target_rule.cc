#include "common/origin/target_rule.h"

#include <algorithm>
#include <optional>

namespace ingress::origin {
namespace {

bool within(const IpAddress& address, const char* block, int bits) {
  return address.within(*IpAddress::parse(block), bits);
}

struct Range {
  const char* block;
  int bits;
};

// IANA's special-purpose registry, multicast, what is reserved, and Azure's metadata server. Those of other clouds are
// link-local (169.254.169.254), shared (100.100.100.200) or in fd00::/8.
constexpr auto kNotPublicV4 = std::to_array<Range>({
    {"0.0.0.0", 8},
    {"10.0.0.0", 8},
    {"100.64.0.0", 10},
    {"127.0.0.0", 8},
    {"168.63.129.16", 32},
    {"169.254.0.0", 16},
    {"172.16.0.0", 12},
    {"192.0.0.0", 24},
    {"192.168.0.0", 16},
    {"198.18.0.0", 15},
    {"224.0.0.0", 3},
});

bool is_public_v4(const uint8_t* four) {
  const IpAddress address = IpAddress::of_ipv4(four);
  return std::none_of(kNotPublicV4.begin(), kNotPublicV4.end(), [&address](const Range& range) {
    return within(address, range.block, IpAddress::kIpv4Prefix + range.bits);
  });
}

bool is_name(std::string_view text) {
  const auto is_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_of_name);
}

std::string lower(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; });
  if (low.ends_with('.')) low.pop_back();
  return low;
}

}  // namespace

bool is_public_address(std::string_view ip) {
  const std::optional<IpAddress> address = IpAddress::parse(ip);
  if (!address) return false;
  const uint8_t* const bytes = address->bytes().data();
  if (within(*address, "::ffff:0.0.0.0", IpAddress::kIpv4Prefix)) return is_public_v4(bytes + 12);
  if (within(*address, "64:ff9b::", 96)) return is_public_v4(bytes + 12);  // NAT64
  if (within(*address, "2002::", 16)) return is_public_v4(bytes + 2);      // 6to4
  if (within(*address, "2001::", 32)) return false;                        // Teredo
  return within(*address, "2000::", 3);                                    // what was ever given out as global unicast
}

tl::expected<TargetRule, std::string> TargetRule::make(const std::vector<std::string>& allowed) {
  TargetRule rule;
  for (const std::string& text : allowed) {
    if (const std::optional<AddressBlock> block = AddressBlock::parse(text)) {
      rule.blocks_.push_back(*block);
    } else if (is_name(text)) {
      rule.hosts_.push_back(lower(text));
    } else {
      return tl::unexpected(text + ": not an address, a block such as 10.0.0.0/8, or a host's name");
    }
  }
  return rule;
}

bool TargetRule::allows(std::string_view host, std::string_view ip) const {
  const std::optional<IpAddress> address = IpAddress::parse(ip);
  if (!address) return false;
  if (is_public_address(ip)) return true;
  if (std::find(hosts_.begin(), hosts_.end(), lower(host)) != hosts_.end()) return true;
  return std::any_of(blocks_.begin(), blocks_.end(),
                     [&address](const AddressBlock& block) { return block.contains(*address); });
}

}  // namespace ingress::origin
