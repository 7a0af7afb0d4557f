#include "common/http/section_scanner.h"

#include "common/http/chars.h"

namespace ingress::http {

SectionScanner::Found SectionScanner::next(std::string_view input, size_t limit, std::string_view& line) {
  const std::string_view window = input.substr(0, limit);
  const size_t at = find_control(window, scanned_);
  if (at + 1 < window.size()) {
    if (window[at] != '\r' || window[at + 1] != '\n') return Found::kMalformed;
    line = window.substr(begin_, at - begin_);
    begin_ = scanned_ = static_cast<uint32_t>(at + 2);
    return Found::kLine;
  }
  // A CR at the end may be half of a CRLF: it is looked at again.
  if (at < window.size() && window[at] != '\r') return Found::kMalformed;
  scanned_ = static_cast<uint32_t>(at);
  return input.size() > limit ? Found::kTooLarge : Found::kNothing;
}

}  // namespace ingress::http
