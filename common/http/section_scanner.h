// The lines of a head or of a trailer section, found as its bytes come. Private to common/http.
//
// Every line is ended by CRLF and looked at once, however the bytes are cut: `input` always begins at the section's
// first byte and only ever grows. A bare LF, a bare CR, NUL and the other control characters (but HTAB) are refused as
// soon as they are there (RFC 9112, 2.2).
#pragma once

#include <cstdint>
#include <string_view>

namespace ingress::http {

class SectionScanner {
 public:
  enum class Found : uint8_t { kNothing, kLine, kTooLarge, kMalformed };

  // The next line, without its CRLF. At most `limit` bytes of the section are looked at.
  Found next(std::string_view input, size_t limit, std::string_view& line);
  // Bytes up to the end of the last line that was handed out; the unfinished line begins there.
  size_t offset() const { return begin_; }
  void reset() { rewind(0); }
  // Hands out again what lies behind `offset`, the end of an earlier line.
  void rewind(uint32_t offset) { begin_ = scanned_ = offset; }

 private:
  uint32_t begin_ = 0;    // of the unfinished line
  uint32_t scanned_ = 0;  // no control character but HTAB before this; at or after begin_
};

}  // namespace ingress::http
