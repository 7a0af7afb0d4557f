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
    {"location", FieldClass::kLocation},
    {"forwarded", FieldClass::kNeverFromClient},
    {"x-real-ip", FieldClass::kNeverFromClient},
    {"connection", FieldClass::kConnection},
    {"keep-alive", FieldClass::kHopByHop},
    {"tracestate", FieldClass::kTracestate},
    {"remote-user", FieldClass::kNeverFromClient},
    {"remote-name", FieldClass::kNeverFromClient},
    {"traceparent", FieldClass::kTraceparent},
    {"x-forwarded", FieldClass::kNeverFromClient},
    {"remote-email", FieldClass::kNeverFromClient},
    {"x-request-id", FieldClass::kRequestId},
    {"remote-groups", FieldClass::kNeverFromClient},
    {"http2-settings", FieldClass::kHopByHop},
    {"content-length", FieldClass::kContentLength},
    {"proxy-connection", FieldClass::kHopByHop},
    {"content-location", FieldClass::kLocation},
    {"transfer-encoding", FieldClass::kTransferEncoding},
    {"proxy-authenticate", FieldClass::kHopByHop},
    {"proxy-authorization", FieldClass::kHopByHop},
});

constexpr size_t kLongestKnown = kKnownNames.back().name.size();

constexpr char fold(char c) { return c == '_' ? '-' : to_lower(c); }

// By length, the first letters of known names, as bits: most names are told to be none by one look.
constexpr auto kFirstLetters = [] {
  std::array<uint32_t, kLongestKnown + 1> letters{};
  for (const KnownName& known : kKnownNames) letters[known.name.size()] |= uint32_t{1} << (known.name.front() & 0x1f);
  return letters;
}();

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

// Beside those that classify() knows.
constexpr auto kNotTrailers = std::to_array<std::string_view>(
    {"authorization", "cookie", "set-cookie", "www-authenticate", "content-type", "content-encoding", "content-range",
     "cache-control", "expect", "range", "max-forwards", "trailer"});

// A name is dropped in every spelling; one that is read or rewritten is known by its own only.
FieldClass class_of_spelling(FieldClass what) {
  switch (what) {
    case FieldClass::kHopByHop:
    case FieldClass::kNeverFromClient:
      return what;
    case FieldClass::kTransferEncoding:
      return FieldClass::kHopByHop;
    case FieldClass::kRequestId:
      return FieldClass::kNeverFromClient;
    default:
      return FieldClass::kOther;
  }
}

FieldClass classify_known(std::string_view name) {
  if ((kFirstLetters[name.size()] >> (name.front() & 0x1f) & 1) == 0) return FieldClass::kOther;
  const size_t end = kFirstOfLength[name.size() + 1];
  for (size_t i = kFirstOfLength[name.size()]; i < end; ++i) {
    const KnownName& known = kKnownNames[i];
    if (fold(name.front()) != known.name.front() || !folds_to(name, known.name)) continue;
    return name.find('_') == std::string_view::npos ? known.what : class_of_spelling(known.what);
  }
  return FieldClass::kOther;
}

}  // namespace

bool folds_to(std::string_view name, std::string_view lower_case) {
  if (name.size() != lower_case.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (fold(name[i]) != lower_case[i]) return false;
  }
  return true;
}

FieldClass classify(std::string_view name) {
  if (name.size() < 2) return FieldClass::kOther;
  if (name.size() <= kLongestKnown) {
    const FieldClass known = classify_known(name);
    if (known != FieldClass::kOther) return known;
  }
  if (to_lower(name[0]) != 'x' || fold(name[1]) != '-') return FieldClass::kOther;
  for (const std::string_view prefix : kNeverFromClientPrefixes) {
    if (folds_to(name.substr(0, prefix.size()), prefix)) return FieldClass::kNeverFromClient;
  }
  return FieldClass::kOther;
}

bool forbidden_as_trailer(std::string_view name) {
  if (classify(name) != FieldClass::kOther) return true;
  return std::any_of(kNotTrailers.begin(), kNotTrailers.end(),
                     [name](std::string_view forbidden) { return iequals(name, forbidden); });
}

}  // namespace ingress::http
