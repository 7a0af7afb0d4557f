#include "agent/session/reply_head.h"

#include <charconv>

#include "common/base/trim.h"
#include "common/http/head.h"

namespace ingress::agent {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kEnd = "\r\n\r\n";

}  // namespace

Result<bool> ReplyHead::receive(Bytes bytes) {
  const size_t searched = head_.size() < kEnd.size() ? 0 : head_.size() - kEnd.size() + 1;
  head_ += as_text(bytes);
  const size_t end = head_.find(kEnd, searched);
  if (end == std::string::npos) {
    if (head_.size() > kMaxBytes) return fail(ErrorCode::kTooLarge, Side::kTunnel, "an answer whose head is endless");
    return false;
  }
  if (!read_status()) return fail(ErrorCode::kProtocol, Side::kTunnel, "the answer is not HTTP/1.1");
  bytes_behind_ = head_.size() > end + kEnd.size();
  return true;
}

// "HTTP/1.1 200 Connection established"
bool ReplyHead::read_status() {
  constexpr size_t kCodeAt = 9;
  const std::string_view line = std::string_view(head_).substr(0, head_.find(kLineEnd));
  if (!line.starts_with("HTTP/1.") || line.size() < kCodeAt + 3 || line[kCodeAt - 1] != ' ') return false;
  const char* const code = line.data() + kCodeAt;
  return std::from_chars(code, code + 3, status_).ptr == code + 3 && status_ >= 100 &&
         (line.size() == kCodeAt + 3 || line[kCodeAt + 3] == ' ');
}

bool ReplyHead::has(std::string_view name, std::string_view value) const {
  std::string_view rest = head_;
  while (!rest.empty()) {
    const size_t end = rest.find(kLineEnd);
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + kLineEnd.size());
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !http::iequals(line.substr(0, colon), name)) continue;
    if (http::iequals(trim_blanks(line.substr(colon + 1)), value)) return true;
  }
  return false;
}

}  // namespace ingress::agent
