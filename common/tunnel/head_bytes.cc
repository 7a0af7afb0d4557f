#include "common/tunnel/head_bytes.h"

#include "common/base/byte_block.h"

namespace ingress::tunnel {
namespace {

constexpr auto kVisible = [](ByteBlock block) { return in_range(block, 0x21, 0xff) & ~is_byte(block, 0x7f); };

constexpr auto kKeepsLine = [](ByteBlock block) {
  return ~(is_byte(block, '\0') | is_byte(block, '\r') | is_byte(block, '\n'));
};

}  // namespace

bool is_target(std::string_view text) { return !text.empty() && every_byte_of(text, kVisible); }

bool is_value(std::string_view text) { return every_byte_of(text, kKeepsLine); }

}  // namespace ingress::tunnel
