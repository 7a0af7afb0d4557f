#include "common/http/field_names.h"

#include <algorithm>
#include <array>

#include "common/http/chars.h"
#include "common/http/head.h"

namespace ingress::http {
namespace {

struct KnownName {
  std::string_view name;
  FieldClass what;
};

// Sorted by length, see kFirstOfLength.
constexpr auto kKnownNames = std::to_array<KnownName>({
    {"te", FieldClass::kTe},
    {"host", FieldClass::kHost},
    {"origin", FieldClass::kOrigin},
    {"upgrade", FieldClass::kUpgrade},
    {"referer", FieldClass::kReferer},
    {"forwarded", FieldClass::kForbidden},
    {"x-real-ip", FieldClass::kForbidden},
    {"connection", FieldClass::kConnection},
    {"keep-alive", FieldClass::kHopByHop},
    {"remote-user", FieldClass::kForbidden},
    {"remote-name", FieldClass::kForbidden},
    {"traceparent", FieldClass::kTraceparent},
    {"x-forwarded", FieldClass::kForbidden},
    {"remote-email", FieldClass::kForbidden},
    {"x-request-id", FieldClass::kRequestId},
    {"remote-groups", FieldClass::kForbidden},
    {"http2-settings", FieldClass::kHopByHop},
    {"proxy-connection", FieldClass::kHopByHop},
    {"transfer-encoding", FieldClass::kTransferEncoding},
    {"proxy-authenticate", FieldClass::kHopByHop},
    {"proxy-authorization", FieldClass::kHopByHop},
});

constexpr size_t kLongestKnown = kKnownNames.back().name.size();

// Number of the first known name that is at least as long as the index.
constexpr auto kFirstOfLength = [] {
  std::array<uint8_t, kLongestKnown + 2> first{};
  for (size_t length = 0; length < first.size(); ++length) {
    size_t at = 0;
    while (at < kKnownNames.size() && kKnownNames[at].name.size() < length) ++at;
    first[length] = static_cast<uint8_t>(at);
  }
  return first;
}();

constexpr auto kNeverFromClientPrefixes =
    std::to_array<std::string_view>({"x-forwarded-", "x-iterate-", "x-auth-request-", "x-authenticated-", "x-remote-"});

char fold(char c) { return c == '_' ? '-' : to_lower(c); }

// A name is dropped in every spelling; one that is read or rewritten is known by its own only.
FieldClass class_of_spelling(FieldClass what) {
  switch (what) {
    case FieldClass::kHopByHop:
    case FieldClass::kForbidden:
      return what;
    case FieldClass::kTransferEncoding:
      return FieldClass::kHopByHop;
    case FieldClass::kRequestId:
      return FieldClass::kForbidden;
    default:
      return FieldClass::kEndToEnd;
  }
}

FieldClass classify_known(std::string_view name) {
  const size_t end = kFirstOfLength[name.size() + 1];
  for (size_t i = kFirstOfLength[name.size()]; i < end; ++i) {
    const KnownName& known = kKnownNames[i];
    if (fold(name.front()) != known.name.front() || !folds_to(name, known.name)) continue;
    return name.find('_') == std::string_view::npos ? known.what : class_of_spelling(known.what);
  }
  return FieldClass::kEndToEnd;
}

}  // namespace

bool folds_to(std::string_view name, std::string_view lower_case) {
  if (name.size() != lower_case.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (fold(name[i]) != lower_case[i]) return false;
  }
  return true;
}

FieldClass classify_request_field(std::string_view name) {
  if (name.size() < 2) return FieldClass::kEndToEnd;
  if (name.size() <= kLongestKnown) {
    const FieldClass known = classify_known(name);
    if (known != FieldClass::kEndToEnd) return known;
  }
  if (to_lower(name[0]) != 'x' || fold(name[1]) != '-') return FieldClass::kEndToEnd;
  for (const std::string_view prefix : kNeverFromClientPrefixes) {
    if (folds_to(name.substr(0, prefix.size()), prefix)) return FieldClass::kForbidden;
  }
  return FieldClass::kEndToEnd;
}

FieldClass classify_response_field(std::string_view name) {
  const FieldClass what = classify_request_field(name);
  switch (what) {
    case FieldClass::kConnection:
    case FieldClass::kHopByHop:
    case FieldClass::kTransferEncoding:
    case FieldClass::kUpgrade:
      return what;
    default:
      return FieldClass::kEndToEnd;
  }
}

}  // namespace ingress::http
