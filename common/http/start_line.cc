#include "common/http/start_line.h"

#include <algorithm>

#include "common/base/token.h"
#include "common/http/chars.h"

namespace ingress::http {
namespace {

constexpr std::string_view kVersionPrefix = "HTTP/1.";
constexpr size_t kVersionBytes = kVersionPrefix.size() + 1;

// 0 or 1, -1 for every other version.
int minor_version(std::string_view version) {
  if (version.size() != kVersionBytes || !version.starts_with(kVersionPrefix)) return -1;
  if (version.back() == '1') return 1;
  return version.back() == '0' ? 0 : -1;
}

}  // namespace

Fault check_request_line(std::string_view line, bool connect) {
  const size_t method = token_span(line);
  if (method == 0 || method > kMostMethodBytes || method == line.size() || line[method] != ' ') {
    return {"a malformed method"};
  }
  const size_t target = span_of(line.substr(method + 1), kTargetChar);
  const size_t end = method + 1 + target;
  if (target == 0 || end == line.size() || line[end] != ' ') return {"a malformed request target"};
  if (minor_version(line.substr(end + 1)) < 0) return {"neither HTTP/1.0 nor HTTP/1.1"};
  if (!connect && line.substr(0, method) == "CONNECT") return {"CONNECT is not served", Fault::Kind::kMethodNotAllowed};
  return {};
}

void split_request_line(std::string_view line, RequestHead& head) {
  const size_t method = line.find(' ');
  head.method = line.substr(0, method);
  head.target = line.substr(method + 1, line.size() - method - kVersionBytes - 2);
  head.minor_version = line.back() == '1' ? 1 : 0;
}

bool may_begin_request_line(std::string_view text) {
  const size_t method = token_span(text.substr(0, kMostMethodBytes + 1));
  if (method == text.size()) return method <= kMostMethodBytes;
  if (method == 0 || method > kMostMethodBytes || text[method] != ' ') return false;
  return method + 1 == text.size() || is(text[method + 1], kTargetChar);
}

bool split_status_line(std::string_view line, ResponseHead& head) {
  constexpr size_t kStatusBytes = 3;
  constexpr size_t kStatusAt = kVersionBytes + 1;
  const int minor = minor_version(line.substr(0, kVersionBytes));
  if (minor < 0 || line.size() < kStatusAt + kStatusBytes || line[kVersionBytes] != ' ') return false;
  const std::string_view digits = line.substr(kStatusAt, kStatusBytes);
  if (!all_are(digits, kDigitChar) || digits[0] == '0') return false;
  std::string_view reason = line.substr(kStatusAt + kStatusBytes);
  if (!reason.empty()) {
    if (reason.front() != ' ') return false;
    reason.remove_prefix(1);
  }
  head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  head.reason = reason;
  head.minor_version = static_cast<uint8_t>(minor);
  return true;
}

bool may_begin_status_line(std::string_view text) {
  const size_t common = std::min(text.size(), kVersionPrefix.size());
  return text.substr(0, common) == kVersionPrefix.substr(0, common);
}

}  // namespace ingress::http
