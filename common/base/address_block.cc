#include "common/base/address_block.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace ingress {
namespace {

std::optional<int> number_up_to(std::string_view text, int most) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number < 0 || number > most) return std::nullopt;
  return number;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string owned(text);
  IpAddress address;
  if (inet_pton(AF_INET6, owned.c_str(), address.bytes_.data()) == 1) return address;
  uint8_t four[4];
  if (inet_pton(AF_INET, owned.c_str(), four) != 1) return std::nullopt;
  return of_ipv4(four);
}

IpAddress IpAddress::of_ipv4(const uint8_t* four) {
  IpAddress address;
  address.bytes_[10] = address.bytes_[11] = 0xff;
  std::copy_n(four, 4, address.bytes_.begin() + 12);
  return address;
}

bool IpAddress::within(const IpAddress& block, int bits) const {
  for (size_t i = 0; bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xff : 0xff << (8 - bits) & 0xff;
    if (((bytes_[i] ^ block.bytes_[i]) & mask) != 0) return false;
  }
  return true;
}

std::optional<AddressBlock> AddressBlock::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view ip = text.substr(0, slash);
  const std::optional<IpAddress> address = IpAddress::parse(ip);
  if (!address) return std::nullopt;
  const bool ipv4 = ip.find(':') == std::string_view::npos;
  const int most = ipv4 ? IpAddress::kBits - IpAddress::kIpv4Prefix : IpAddress::kBits;
  const std::optional<int> bits = slash == std::string_view::npos ? most : number_up_to(text.substr(slash + 1), most);
  if (!bits) return std::nullopt;
  AddressBlock block;
  block.address_ = *address;
  block.bits_ = IpAddress::kBits - most + *bits;
  return block;
}

}  // namespace ingress
