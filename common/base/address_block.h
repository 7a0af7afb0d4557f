// IP addresses and blocks of them (RFC 4632). An IPv4 address and its IPv6 form (::ffff:a.b.c.d) are the same one.
// Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ingress {

class IpAddress {
 public:
  static constexpr int kBits = 128;
  static constexpr int kIpv4Prefix = 96;  // bits before an IPv4 address

  // nullopt for what is no address.
  static std::optional<IpAddress> parse(std::string_view text);
  // Of the four bytes.
  static IpAddress of_ipv4(const uint8_t* four);

  const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  // Whether the first `bits` are those of `block`.
  bool within(const IpAddress& block, int bits) const;

  bool operator==(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};
};

class AddressBlock {
 public:
  // An address, or a block: "10.0.0.0/8", "fd00::/8". nullopt for what is neither.
  static std::optional<AddressBlock> parse(std::string_view text);

  bool contains(const IpAddress& address) const { return address.within(address_, bits_); }
  // Every address of `other`.
  bool holds(const AddressBlock& other) const { return other.bits_ >= bits_ && contains(other.address_); }

  bool operator==(const AddressBlock&) const = default;

 private:
  IpAddress address_;
  int bits_ = 0;
};

}  // namespace ingress
