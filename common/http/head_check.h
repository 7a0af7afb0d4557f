// The strict grammar of heads (RFC 9112, 2–5), byte by byte, whatever llhttp's version lets pass. Pure functions.
#pragma once

#include <string_view>

#include "common/http/head.h"

namespace ingress::http {

bool is_token_byte(char c);
bool is_token(std::string_view text);

// Finds the end of a head that comes in pieces. Looks at each byte once.
class HeadScanner {
 public:
  enum class Found : uint8_t { kNothing, kEnd, kBareLineFeed };

  // `bytes` begins where the head begins, and is what was given before with more behind it. kEnd: head_bytes() is the
  // length, the empty line included.
  Found scan(std::string_view bytes);
  size_t head_bytes() const { return scanned_; }
  void reset() { scanned_ = line_start_ = 0; }

 private:
  size_t scanned_ = 0;     // every byte before was looked at
  size_t line_start_ = 0;  // of the line that scanned_ is in
};

struct RequestLine {
  std::string_view method;
  std::string_view target;
  uint8_t minor_version = 1;
};

struct StatusLine {
  int status = 0;
  std::string_view reason;
  uint8_t minor_version = 1;
};

// `line` is without its CRLF. False where it is malformed, or the version is neither 1.0 nor 1.1.
bool parse_request_line(std::string_view line, RequestLine& out);
bool parse_status_line(std::string_view line, StatusLine& out);
// What a first line that is not whole yet can no longer become one. `begin` is at most its first 64 bytes.
bool may_begin_request(std::string_view begin);
bool may_begin_response(std::string_view begin);

// Every line of `block` (each with its CRLF, the empty line at the end included) is a field line: token ":" OWS value
// OWS; no fold, no bare CR, no control byte but HTAB.
bool check_field_lines(std::string_view block);

}  // namespace ingress::http
