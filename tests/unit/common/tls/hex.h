// Bytes from the hexadecimal text of an RFC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingress::test {

inline std::vector<uint8_t> from_hex(std::string_view text) {
  std::vector<uint8_t> bytes;
  for (size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16)));
  }
  return bytes;
}

}  // namespace ingress::test
