// What an answer of the admin API means to the caller. Pure.
#pragma once

#include <string_view>

#include "ctl/outcome.h"

namespace ingress::ctl {

// Whoever comes without a token, or with one that is not taken.
inline constexpr const char* kNotAuthorised =
    "not authorised: the token, by --token-file or INGRESS_TOKEN_FILE, is missing, or is not good (revoked, expired, "
    "or "
    "another broker's)";

// The body of a 2xx ({} for none); for others the problem's sentence, and exit code 4 where it is about authority.
Outcome<Json> read_answer(long status, std::string_view body);

}  // namespace ingress::ctl
