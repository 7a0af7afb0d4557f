#include "common/http/chunk_header.h"

#include <algorithm>

#include "common/base/token.h"
#include "common/http/chars.h"

namespace ingress::http {
namespace {

constexpr uint8_t kMostDigits = 16;
constexpr uint16_t kMostExtensionBytes = 4096;
// Sums with it can't overflow.
constexpr uint64_t kMostChunkBytes = UINT64_MAX / 2;

bool is_quoted_char(char c) { return c == '\t' || (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f); }

}  // namespace

ChunkHeader::Step ChunkHeader::step(char c, uint64_t& size) {
  switch (state_) {
    case State::kSize:
      return step_size(c, size);
    case State::kLineFeed:
      if (c != '\n') return Step::kMalformed;
      restart();
      if (size > kMostChunkBytes) return Step::kMalformed;
      extension_bytes_ -= static_cast<uint16_t>(std::min<uint64_t>(extension_bytes_, size));
      return Step::kDone;
    default:
      if (++extension_bytes_ > kMostExtensionBytes) return Step::kMalformed;
      return step_extension(c);
  }
}

ChunkHeader::Step ChunkHeader::step_size(char c, uint64_t& size) {
  const int digit = hex_value(c);
  if (digit < 0) return parts_ == 0 ? Step::kMalformed : step_delimiter(c);
  if (parts_ == kMostDigits) return Step::kMalformed;
  size = (parts_ == 0 ? 0 : size << 4) | static_cast<uint64_t>(digit);
  ++parts_;
  return Step::kMore;
}

ChunkHeader::Step ChunkHeader::step_extension(char c) {
  switch (state_) {
    case State::kName:
    case State::kValue:
      if (is_token_byte(c)) {
        parts_ = 1;
        return Step::kMore;
      }
      if (parts_ == 0) return Step::kMalformed;
      if (state_ == State::kValue || c != '=') return step_delimiter(c);
      state_ = State::kValueStart;
      return Step::kMore;
    case State::kValueStart:
      if (c != '"' && !is_token_byte(c)) return Step::kMalformed;
      state_ = c == '"' ? State::kQuoted : State::kValue;
      parts_ = 1;
      return Step::kMore;
    case State::kQuoted:
      if (c == '"') state_ = State::kAfterQuoted;
      if (c == '\\') state_ = State::kQuotedPair;
      return is_quoted_char(c) ? Step::kMore : Step::kMalformed;
    case State::kQuotedPair:
      state_ = State::kQuoted;
      return is_quoted_char(c) ? Step::kMore : Step::kMalformed;
    default:
      return step_delimiter(c);
  }
}

ChunkHeader::Step ChunkHeader::step_delimiter(char c) {
  if (c == '\r') {
    state_ = State::kLineFeed;
    return Step::kMore;
  }
  if (c != ';') return Step::kMalformed;
  state_ = State::kName;
  parts_ = 0;
  return Step::kMore;
}

}  // namespace ingress::http
