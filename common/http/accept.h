// Accept (RFC 9110, 12.5.1), as far as answers of ours need it. Private to common/http.
#pragma once

#include <string_view>

namespace ingress::http {

// True where text/html stands there by name with a weight, and weighs more than JSON does (or as much, where JSON is
// meant by a wildcard only): browsers get a page, programs and curl's */* do not.
bool prefers_html(std::string_view accept);

}  // namespace ingress::http
