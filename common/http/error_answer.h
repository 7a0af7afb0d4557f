// Our own answers: an error as JSON or HTML, by Accept (design, section 6.5).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/http/head.h"

namespace ingress::http {

struct ErrorAnswer {
  int status = 0;
  std::string_view content_type;
  std::string body;
  int retry_after_seconds = 0;  // 0: no such field
};

inline constexpr size_t kMostListening = 20;

// What the answer may name beside the code.
struct ErrorDetails {
  std::string_view host;
  std::string_view machine;
  int port = 0;             // 0: unknown
  std::string_view reason;  // a sentence, e.g. "connection refused on 127.0.0.1 and [::1]"
  std::string_view request_id;
  // The ports that do listen, where that is known; at most kMostListening of them are named.
  std::optional<std::span<const int>> listening = std::nullopt;
  std::string_view method = "GET";  // of the request: a page that answers a POST does not come back by itself
};

// HTML where Accept prefers text/html (q-values heeded), else JSON: {"error":"machine_unavailable","message":"…",
// "host":…,"machine":…,"port":…,"listening":[…]}, absent details left out. The page of 502, 503 and 504 fetches itself
// again every 2 s and shows the app when it answers; everything in it is escaped; no external resource.
ErrorAnswer error_answer(const Error& error, const ErrorDetails& details, std::string_view accept);

}  // namespace ingress::http
