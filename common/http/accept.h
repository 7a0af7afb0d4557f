// Accept (RFC 9110, 12.5.1), as far as answers of ours need it. Pure functions over the field's value.
#pragma once

#include <string_view>

namespace ingress::http {

// True where text/html stands there by name with a weight, and weighs more than JSON does (or as much, where JSON is
// meant by a wildcard only): browsers get a page, programs and curl's */* do not.
bool prefers_html(std::string_view accept);
// True where application/json stands there by name with a weight, and weighs no less than text/plain does, by name or
// by a wildcard: of what is text else, programs that ask for JSON get that.
bool prefers_json(std::string_view accept);

}  // namespace ingress::http
