// Names that a proxy treats in a way of their own. Private to common/http.
#pragma once

#include <cstdint>
#include <string_view>

namespace ingress::http {

enum class FieldClass : uint8_t {
  kEndToEnd,
  kConnection,       // names further fields that end here
  kHopByHop,         // ends at every hop
  kTe,
  kUpgrade,
  kTransferEncoding,

  kHost,
  kOrigin,
  kReferer,

  kTraceparent,

  kRequestId,
  kForbidden,
};

// Case-insensitive. `_` is taken for `-` in every name that is dropped, because CGI and WSGI see no difference.
FieldClass classify_request_field(std::string_view name);
FieldClass classify_response_field(std::string_view name);

// Equal but for case, and for `_` and `-`.
bool folds_to(std::string_view name, std::string_view lower_case);

}  // namespace ingress::http
