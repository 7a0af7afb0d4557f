// The chunked coding (RFC 9112, 7.1), strictly: hexadecimal sizes, CRLF and nothing like it, bounded extensions.
// Sans-I/O.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/http/head.h"
#include "common/http/head_check.h"

namespace ingress::http {

class ChunkedDecoder {
 public:
  enum class Event : uint8_t { kNeedMore, kData, kEnd, kBlocked, kMalformed, kTooLarge };

  // Before each body.
  void reset();
  // As RequestReader::next: advances `input`; data() is a piece of it. kEnd: `trailers` holds views into the input.
  Event next(MutableBytes& input, size_t allowance, size_t trailer_limit, size_t field_limit, Fields& trailers);
  MutableBytes data() const { return data_; }

 private:
  enum class State : uint8_t {
    kSizeFirst,
    kSize,
    kExtension,
    kSizeLineFeed,
    kData,
    kDataReturn,
    kDataLineFeed,
    kTrailers
  };

  Event take_framing_byte(uint8_t byte);
  Event take_trailers(MutableBytes& input, size_t trailer_limit, size_t field_limit, Fields& trailers);

  uint64_t left_ = 0;  // of this chunk
  MutableBytes data_;
  HeadScanner scanner_;
  uint32_t extension_bytes_ = 0;  // of all chunks
  uint8_t digits_ = 0;
  State state_ = State::kSizeFirst;
};

}  // namespace ingress::http
