// The line before each chunk (RFC 9112, 7.1): chunk-size [ chunk-ext ] CRLF, read byte by byte. Private to common/http.
//
// Strict: 1 to 16 hexadecimal digits and then ';' or CRLF at once; no white space, no sign, no "0x". Extensions must be
// of the grammar (name, name=token, name="quoted"), may outweigh the message's data by little only, and are dropped.
#pragma once

#include <cstdint>

namespace ingress::http {

class ChunkHeader {
 public:
  enum class Step : uint8_t { kMore, kDone, kMalformed };

  // For the next message.
  void reset() {
    extension_bytes_ = 0;
    restart();
  }
  // After kDone, `size` is the chunk's; before, it holds what was read of it. kDone makes ready for the next header.
  Step step(char c, uint64_t& size);

 private:
  enum class State : uint8_t { kSize, kName, kValueStart, kValue, kQuoted, kQuotedPair, kAfterQuoted, kLineFeed };

  void restart() {
    state_ = State::kSize;
    parts_ = 0;
  }
  Step step_size(char c, uint64_t& size);
  Step step_extension(char c);
  // ';' begins the next extension, CR ends the line.
  Step step_delimiter(char c);

  uint16_t extension_bytes_ = 0;  // of this message, as far as they outweigh its data
  uint8_t parts_ = 0;             // digits of the size, or 1 where a name or a value is begun
  State state_ = State::kSize;
};

}  // namespace ingress::http
