#include "common/http/error_answer.h"

#include <algorithm>

#include "common/http/accept.h"
#include "common/http/error_page.h"
#include "common/http/error_words.h"
#include "common/http/escape.h"

namespace ingress::http {
namespace {

constexpr int kTooManyRequests = 429;
constexpr int kBadGateway = 502;
constexpr int kServiceUnavailable = 503;
constexpr int kGatewayTimeout = 504;

// Soon is right: what answers so is expected back in seconds.
int retry_after_seconds(int status) {
  switch (status) {
    case kServiceUnavailable:
    case kTooManyRequests:
      return 2;
    case kBadGateway:
    case kGatewayTimeout:
      return 1;
    default:
      return 0;
  }
}

bool passes(int status) { return status == kBadGateway || status == kServiceUnavailable || status == kGatewayTimeout; }

void append_member(std::string& json, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  json.append(",\"").append(name).append("\":");
  append_json_string(json, value);
}

void append_listening(std::string& json, std::span<const int> ports) {
  json += ",\"listening\":[";
  for (size_t i = 0; i < std::min(ports.size(), kMostListening); ++i) {
    json.append(i == 0 ? "" : ",").append(std::to_string(ports[i]));
  }
  json += ']';
}

std::string error_json(ErrorCode code, const ErrorDetails& details) {
  std::string json = "{\"error\":";
  append_json_string(json, name_of(code));
  append_member(json, "message", message_of(code));
  append_member(json, "host", details.host);
  append_member(json, "machine", details.machine);
  if (details.port > 0) json.append(",\"port\":").append(std::to_string(details.port));
  if (details.listening) append_listening(json, *details.listening);
  append_member(json, "reason", details.reason);
  append_member(json, "request_id", details.request_id);
  return json + "}\n";
}

}  // namespace

ErrorAnswer error_answer(const Error& error, const ErrorDetails& details, std::string_view accept) {
  const ErrorCode code = public_error(error).code;
  ErrorAnswer answer;
  answer.status = status_of(error);
  answer.retry_after_seconds = retry_after_seconds(answer.status);
  if (prefers_html(accept)) {
    answer.content_type = "text/html; charset=utf-8";
    const bool navigation = details.method == "GET" || details.method == "HEAD";
    answer.body = error_page(answer.status, code, details, navigation && passes(answer.status));
  } else {
    answer.content_type = "application/json";
    answer.body = error_json(code, details);
  }
  return answer;
}

}  // namespace ingress::http
