#include "common/proxies/trusted_proxies.h"

#include <algorithm>
#include <optional>

#include "common/base/trim.h"

namespace ingress::proxies {
namespace {

// Of "IP", "IPv4:PORT", "[IPv6]" or "[IPv6]:PORT".
std::string_view address_in(std::string_view element) {
  if (element.starts_with('[')) {
    const size_t close = element.find(']');
    return close == std::string_view::npos ? std::string_view() : element.substr(1, close - 1);
  }
  const size_t colon = element.find(':');
  const bool one_colon = colon != std::string_view::npos && element.find(':', colon + 1) == std::string_view::npos;
  return one_colon ? element.substr(0, colon) : element;
}

}  // namespace

tl::expected<TrustedProxies, std::string> TrustedProxies::make(const std::vector<std::string>& texts) {
  TrustedProxies trusted;
  for (const std::string& text : texts) {
    const std::optional<AddressBlock> block = AddressBlock::parse(text);
    if (!block) return tl::unexpected(text + ": not an address, or a block such as 10.0.0.0/8");
    trusted.blocks_.push_back(*block);
  }
  return trusted;
}

bool TrustedProxies::trusts(std::string_view ip) const {
  if (blocks_.empty()) return false;
  const std::optional<IpAddress> address = IpAddress::parse(ip);
  return address && std::any_of(blocks_.begin(), blocks_.end(),
                                [&address](const AddressBlock& block) { return block.contains(*address); });
}

std::string_view TrustedProxies::client_behind(std::string_view peer_ip, std::string_view forwarded_for) const {
  std::string_view client = peer_ip;
  while (!forwarded_for.empty()) {
    const size_t comma = forwarded_for.rfind(',');
    const std::string_view last = comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1);
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    const std::string_view element = trim_blanks(last);
    if (element.empty()) continue;
    const std::string_view ip = address_in(element);
    if (!IpAddress::parse(ip)) break;
    client = ip;
    if (!trusts(ip)) break;
  }
  return client;
}

}  // namespace ingress::proxies
