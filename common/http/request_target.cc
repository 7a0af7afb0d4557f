#include "common/http/request_target.h"

#include "common/http/authority.h"

namespace ingress::http {

bool split_target(std::string_view method, std::string_view target, RequestTarget& out) {
  constexpr std::string_view kAsterisk = "*";
  constexpr std::string_view kOptions = "OPTIONS";
  out.target = target;
  if (target.empty()) return false;
  if (target.front() == '/') return true;
  if (target == kAsterisk) return method == kOptions;
  const std::optional<HttpUrl> url = parse_http_url(target);
  if (!url || url->parts.host.empty()) return false;
  out.host = url->authority;
  out.target = url->rest;
  if (url->rest.empty()) out.target = method == kOptions ? kAsterisk : "/";
  return out.target.front() == '/' || out.target == kAsterisk;
}

Status check_forwarded(const RequestHead& head) {
  if (head.method == "TRACE") return fail(ErrorCode::kMethodNotAllowed, Side::kClient, "TRACE is not forwarded");
  return {};
}

Result<RequestTarget> request_target(const RequestHead& head) {
  RequestTarget out;
  if (!split_target(head.method, head.target, out)) {
    return fail(ErrorCode::kBadRequest, Side::kClient, "a malformed request target");
  }
  const Field* host = nullptr;
  for (const Field& field : head.fields) {
    if (!iequals(field.name, "Host")) continue;
    if (host != nullptr) return fail(ErrorCode::kBadRequest, Side::kClient, "more than one Host");
    host = &field;
  }
  if (host == nullptr && head.minor_version >= 1) return fail(ErrorCode::kBadRequest, Side::kClient, "no Host");
  if (!out.host.empty()) return out;
  if (host == nullptr) return fail(ErrorCode::kInvalidHost, Side::kClient, "an HTTP/1.0 request without Host");
  out.host = host->value;
  return out;
}

}  // namespace ingress::http
