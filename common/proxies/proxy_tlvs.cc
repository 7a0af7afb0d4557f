#include "common/proxies/proxy_tlvs.h"

#include <cstdint>

namespace ingress::proxies {
namespace {

constexpr uint8_t kCrc32c = 0x03;
constexpr size_t kCrcBytes = 4;

// Castagnoli's polynomial, bits reversed.
uint32_t crc_of_byte(uint32_t crc, uint8_t byte) {
  crc ^= byte;
  for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  return crc;
}

// Of the header with the checksum's own bytes, at `hole`, taken as 0.
uint32_t crc_of(Bytes header, size_t hole) {
  uint32_t crc = 0xffffffffU;
  for (size_t i = 0; i < header.size(); ++i) {
    const bool own = i >= hole && i < hole + kCrcBytes;
    crc = crc_of_byte(crc, own ? uint8_t{0} : header[i]);
  }
  return ~crc;
}

}  // namespace

const char* check_tlvs(Bytes header, size_t at) {
  constexpr size_t kHeadBytes = 3;
  bool summed = false;
  while (at < header.size()) {
    if (header.size() - at < kHeadBytes) return "a TLV that is cut short";
    const uint8_t type = header[at];
    const size_t length = get_u16(header.data() + at + 1);
    at += kHeadBytes;
    if (header.size() - at < length) return "a TLV that is cut short";
    if (type == kCrc32c) {
      if (summed || length != kCrcBytes) return "a malformed checksum";
      summed = true;
      if (crc_of(header, at) != get_u32(header.data() + at)) return "a wrong checksum";
    }
    at += length;
  }
  return nullptr;
}

}  // namespace ingress::proxies
