#include "common/http/section_scanner.h"

#include "common/http/chars.h"

namespace ingress::http {

SectionScanner::Found SectionScanner::next(std::string_view input, size_t limit, std::string_view& line) {
  const std::string_view window = input.substr(0, limit);
  const std::string_view fresh = window.substr(scanned_);
  const size_t feed = fresh.find('\n');
  if (feed != std::string_view::npos) {
    const size_t end = scanned_ + feed;
    if (end == begin_ || window[end - 1] != '\r' || has_control(fresh.substr(0, feed - 1))) return Found::kMalformed;
    line = window.substr(begin_, end - 1 - begin_);
    begin_ = scanned_ = static_cast<uint32_t>(end + 1);
    return Found::kLine;
  }
  // A CR at the end may be half of a CRLF: it is looked at again.
  const size_t settled = fresh.size() - (!fresh.empty() && fresh.back() == '\r' ? 1 : 0);
  if (has_control(fresh.substr(0, settled))) return Found::kMalformed;
  scanned_ += static_cast<uint32_t>(settled);
  return input.size() > limit ? Found::kTooLarge : Found::kNothing;
}

}  // namespace ingress::http
