#include "common/http/host_peek.h"

#include <algorithm>
#include <string_view>

#include "common/base/trim.h"
#include "common/http/head.h"

namespace ingress::http {
namespace {

constexpr std::string_view kHost = "host";
constexpr std::string_view kLineEnd = "\r\n";

// "GET /path HTTP/1.1". The preface of HTTP/2 is a line whose target is "*".
bool is_request_line(std::string_view line) {
  const size_t space = line.find(' ');
  return space != std::string_view::npos && space > 0 && line.substr(space + 1).starts_with('/');
}

}  // namespace

Peek peek_host(Bytes bytes) {
  const bool all = bytes.size() >= kMaxPeekBytes;
  std::string_view text = as_text(bytes.first(std::min(bytes.size(), kMaxPeekBytes)));
  bool first = true;
  for (size_t end = text.find(kLineEnd); end != std::string_view::npos; end = text.find(kLineEnd)) {
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + kLineEnd.size());
    if (line.empty()) return {};  // the head's end, or an empty line before it
    if (first && !is_request_line(line)) return {};
    if (!first && line.size() > kHost.size() && line[kHost.size()] == ':' &&
        iequals(line.substr(0, kHost.size()), kHost)) {
      const std::string_view host = trim_blanks(line.substr(kHost.size() + 1));
      if (host.empty()) return {};
      return {Peek::State::kFound, std::string(host)};
    }
    first = false;
  }
  if (all) return {};
  return {Peek::State::kMore, {}};
}

}  // namespace ingress::http
