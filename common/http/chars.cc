#include "common/http/chars.h"

#include "common/base/byte_block.h"

namespace ingress::http {
namespace {

constexpr auto kNoControls = [](ByteBlock block) {
  return (in_range(block, 0x20, 0xff) | is_byte(block, '\t')) & ~is_byte(block, 0x7f);
};

bool is_control(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

size_t find_control(std::string_view text, size_t at) {
  at += leading_bytes(text.substr(at), kNoControls);
  while (at < text.size() && !is_control(text[at])) ++at;
  return at;
}

}  // namespace ingress::http
