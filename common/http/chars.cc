#include "common/http/chars.h"

#include <cstring>

namespace ingress::http {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// Non-zero where one of eight bytes is below 0x20 or is 0x7f. HTAB is among them.
uint64_t suspicious(uint64_t word) {
  const uint64_t below_space = (word - kOnes * 0x20) & ~word & kHighs;
  const uint64_t del = word ^ kOnes * 0x7f;
  return below_space | ((del - kOnes) & ~del & kHighs);
}

bool is_control(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

bool any_control(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (is_control(text[i])) return true;
  }
  return false;
}

}  // namespace

bool has_control(std::string_view text) {
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    if (suspicious(word) != 0 && any_control(at, sizeof(word))) return true;
  }
  return any_control(at, left);
}

}  // namespace ingress::http
