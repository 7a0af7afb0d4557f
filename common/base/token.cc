#include "common/base/token.h"

#include "common/base/byte_block.h"

namespace ingress {
namespace {

// Letters, digits and hyphens: of what hardly a name holds another byte.
constexpr auto kCommon = [](ByteBlock block) { return is_alphanumeric(block) | is_byte(block, '-'); };

}  // namespace

size_t token_span(std::string_view text) {
  size_t size = leading_bytes(text, kCommon);
  while (size < text.size() && is_token_byte(text[size])) ++size;
  return size;
}

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  return every_byte_of(text, kCommon) || token_span(text) == text.size();
}

}  // namespace ingress
