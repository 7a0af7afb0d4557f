#include "common/origin/target_rule.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace ingress::origin {
namespace {

using Address = std::array<uint8_t, 16>;

constexpr int kMappedBits = 96;
constexpr int kAddressBits = 128;

// An IPv4 address as ::ffff:a.b.c.d.
std::optional<Address> address_of(std::string_view ip) {
  const std::string text(ip);
  Address address{};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return address;
  if (inet_pton(AF_INET, text.c_str(), address.data() + 12) != 1) return std::nullopt;
  address[10] = address[11] = 0xff;
  return address;
}

bool within(const Address& address, const Address& block, int bits) {
  for (size_t i = 0; bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xff : 0xff << (8 - bits) & 0xff;
    if (((address[i] ^ block[i]) & mask) != 0) return false;
  }
  return true;
}

bool within(const Address& address, const char* block, int bits) { return within(address, *address_of(block), bits); }

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
  Address address{};
  address[10] = address[11] = 0xff;
  std::copy_n(four, 4, address.begin() + 12);
  return std::none_of(kNotPublicV4.begin(), kNotPublicV4.end(), [&address](const Range& range) {
    return within(address, range.block, kMappedBits + range.bits);
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

std::optional<int> number_up_to(std::string_view text, int most) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number < 0 || number > most) return std::nullopt;
  return number;
}

}  // namespace

bool is_public_address(std::string_view ip) {
  const std::optional<Address> address = address_of(ip);
  if (!address) return false;
  if (within(*address, "::ffff:0.0.0.0", kMappedBits)) return is_public_v4(address->data() + 12);
  if (within(*address, "64:ff9b::", kMappedBits)) return is_public_v4(address->data() + 12);  // NAT64
  if (within(*address, "2002::", 16)) return is_public_v4(address->data() + 2);               // 6to4
  if (within(*address, "2001::", 32)) return false;                                           // Teredo
  return within(*address, "2000::", 3);  // what was ever given out as global unicast
}

tl::expected<TargetRule, std::string> TargetRule::make(const std::vector<std::string>& allowed) {
  TargetRule rule;
  for (const std::string& text : allowed) {
    const size_t slash = text.find('/');
    const std::optional<Address> address = address_of(std::string_view(text).substr(0, slash));
    if (!address && !is_name(text)) {
      return tl::unexpected(text + ": not an address, a block such as 10.0.0.0/8, or a host's name");
    }
    if (!address) {
      rule.hosts_.push_back(lower(text));
      continue;
    }
    const int most = text.find(':') != std::string::npos ? kAddressBits : kAddressBits - kMappedBits;
    const std::optional<int> bits = slash == std::string::npos ? most : number_up_to(text.substr(slash + 1), most);
    if (!bits) return tl::unexpected(text + ": what follows the slash is a number up to " + std::to_string(most));
    rule.blocks_.push_back({*address, kAddressBits - most + *bits});
  }
  return rule;
}

bool TargetRule::allows(std::string_view host, std::string_view ip) const {
  const std::optional<Address> address = address_of(ip);
  if (!address) return false;
  if (is_public_address(ip)) return true;
  if (std::find(hosts_.begin(), hosts_.end(), lower(host)) != hosts_.end()) return true;
  return std::any_of(blocks_.begin(), blocks_.end(),
                     [&address](const Block& block) { return within(*address, block.address, block.bits); });
}

}  // namespace ingress::origin
