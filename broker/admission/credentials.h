// What a request shows to be let in: the Authorization field, and whether it is one that a rule knows. Pure; secrets
// are compared by their hashes, in constant time.
#pragma once

#include <string>
#include <string_view>

#include "broker/policy/auth_rule.h"
#include "common/http/head.h"

namespace ingress::broker {

// What follows the scheme in Authorization (RFC 9110, 11.4); "" where there is no such field or another scheme.
std::string_view credentials_of(const http::Fields& fields, std::string_view scheme);
// A cookie's value; "" where there is none.
std::string_view cookie_of(const http::Fields& fields, std::string_view name);

bool lets_in(const BasicAuth& basic, const http::Fields& fields);
bool lets_in(const BearerAuth& bearer, const http::Fields& fields);

}  // namespace ingress::broker
