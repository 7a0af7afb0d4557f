// Names that a proxy treats in a way of their own. Private to common/http, but for folds_to().
#pragma once

#include <cstdint>
#include <string_view>

namespace ingress::http {

enum class FieldClass : uint8_t {
  kOther,       // passed on as it is
  kConnection,  // names further fields that end here
  kHopByHop,    // ends at every hop
  kTe,
  kUpgrade,
  kTransferEncoding,
  kContentLength,
  kHost,
  kOrigin,
  kReferer,
  kLocation,  // Location and Content-Location
  kTraceparent,
  kTracestate,
  kRequestId,
  kNeverFromClient,  // only a proxy that the origin trusts may say it
};

// Case-insensitive. `_` is taken for `-` in every name that is dropped, because CGI and WSGI see no difference.
FieldClass classify(std::string_view name);

// A trailer of that name is not passed on.
bool forbidden_as_trailer(std::string_view name);

// Equal but for case, and for `_` and `-`.
bool folds_to(std::string_view name, std::string_view lower_case);

}  // namespace ingress::http
