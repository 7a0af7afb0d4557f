#include "broker/admission/forward_question.h"

#include <algorithm>
#include <array>
#include <string>

#include "broker/admission/share_pass.h"

namespace ingress::broker {
namespace {

constexpr Error kNoAnswer{ErrorCode::kProxyError, Side::kOrigin, true, 0,
                          "the server that decides who comes in does not answer"};
constexpr Error kSentAway{ErrorCode::kUnauthorized, Side::kClient, false, 0, "the policy's server wants a login first"};
constexpr Error kUnauthorised{ErrorCode::kUnauthorized, Side::kClient, false, 0,
                              "the policy's server does not let it in"};
constexpr Error kForbiddenThere{ErrorCode::kForbidden, Side::kClient, false, 0, "the policy's server forbids it"};

// In lower case, `-` for `_`: CGI and WSGI see no difference.
std::string folded_name(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) c = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return folded;
}

// What ends at the broker, or says something of a body that does not go along; and what only the broker may say.
bool stays_here(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>({"host",
                                                           "connection",
                                                           "keep-alive",
                                                           "proxy-connection",
                                                           "proxy-authorization",
                                                           "te",
                                                           "trailer",
                                                           "transfer-encoding",
                                                           "upgrade",
                                                           "http2-settings",
                                                           "content-length",
                                                           "content-encoding",
                                                           "expect",
                                                           "range",
                                                           "if-match",
                                                           "if-none-match",
                                                           "if-modified-since",
                                                           "if-unmodified-since",
                                                           "if-range",
                                                           "forwarded",
                                                           "x-real-ip",
                                                           "sec-websocket-key",
                                                           "sec-websocket-version",
                                                           "sec-websocket-extensions",
                                                           "sec-websocket-protocol"});
  const std::string folded = folded_name(name);
  return std::find(kNames.begin(), kNames.end(), folded) != kNames.end() || folded.starts_with("x-forwarded-") ||
         folded.starts_with("x-original-") || folded.starts_with("x-iterate-");
}

}  // namespace

WebRequest forward_question(const ForwardAuth& rule, const Asked& asked, const ForwardPlace& place) {
  WebRequest request;
  request.url = *rule.url;
  const std::string scheme = asked.tls ? "https" : "http";
  // It is as little to come in by a share as an origin is.
  http::Scratch scratch;
  http::Fields passed = asked.head.fields;
  take_off_passes(scratch, passed);
  for (const http::Field& field : passed) {
    if (!stays_here(field.name)) request.fields.emplace_back(field.name, field.value);
  }
  const std::string target(take_off_link(asked.target, scratch));
  FieldList told = {{"X-Original-Method", std::string(asked.head.method)},
                    {"X-Original-URI", target},
                    {"X-Original-URL", scheme + "://" + std::string(asked.host) + target},
                    {"X-Forwarded-Method", std::string(asked.head.method)},
                    {"X-Forwarded-Proto", scheme},
                    {"X-Forwarded-Host", std::string(asked.host)},
                    {"X-Forwarded-Uri", target},
                    {"X-Forwarded-For", std::string(asked.client_ip)},
                    {"X-Iterate-Machine", std::string(place.machine)},
                    {"X-Iterate-Port", std::to_string(place.port)}};
  if (!place.project.empty()) told.emplace_back("X-Iterate-Project", place.project);
  place.captures.each([&told](std::string_view name, std::string_view value) {
    told.emplace_back("X-Iterate-Capture-" + std::string(name), value);
  });
  request.fields.insert(request.fields.end(), told.begin(), told.end());
  return request;
}

std::optional<Instead> refusal_in(const WebAnswer& answer, bool upgrade) {
  if (answer.good()) return std::nullopt;
  const bool redirect = answer.status >= 300 && answer.status < 400 && answer.status != 304;
  Instead instead;
  if (redirect) {
    instead.error = kSentAway;
    if (!upgrade) instead.status = answer.status;
  } else if (answer.status == 401 || answer.status == 403) {
    instead.error = answer.status == 401 ? kUnauthorised : kForbiddenThere;
  } else {
    instead.error = kNoAnswer;
    return instead;
  }
  for (const auto& [name, value] : answer.fields) {
    const bool passed = http::iequals(name, "WWW-Authenticate") || http::iequals(name, "Set-Cookie") ||
                        (http::iequals(name, "Location") && instead.status != 0);
    if (passed) instead.fields.emplace_back(name, value);
  }
  return instead;
}

FieldList fields_in(const WebAnswer& answer, const ForwardAuth& rule) {
  FieldList fields;
  for (const std::string& wanted : rule.response_headers) {
    bool found = false;
    for (const auto& [name, value] : answer.fields) {
      if (!http::iequals(name, wanted)) continue;
      fields.emplace_back(name, value);
      found = true;
    }
    if (!found) fields.emplace_back(wanted, "");
  }
  return fields;
}

}  // namespace ingress::broker
