// What an answer of the admin API means to the caller. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ctl/outcome.h"

namespace ingress::ctl {

// Whoever comes without a token, or with one that is not taken.
inline constexpr const char* kNotAuthorised =
    "not authorised: the token, by --token-file or INGRESS_TOKEN_FILE, is missing, or is not good (revoked, expired, "
    "or "
    "another broker's)";

// The deepest that is read: more than any answer of the API has, and less than a stack takes.
inline constexpr int kMostDepth = 200;
// Discarded where it is no JSON, or nested deeper than that.
Json read_json(std::string_view text);

// Of an answer that is none of the API's: what it is, "the answer is no list".
tl::unexpected<Failure> no_answer_of_the_api(const std::string& what);

// The body of a 2xx ({} for none); for others the problem's sentence, and exit code 4 where it is about authority.
Outcome<Json> read_answer(long status, std::string_view body);

}  // namespace ingress::ctl
