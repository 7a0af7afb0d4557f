// What an answer of the admin API means to the caller. Pure.
#pragma once

#include <string_view>

#include "ctl/outcome.h"

namespace ingress::ctl {

// The body of a 2xx ({} for none); for others the problem's sentence, and exit code 4 where it is about authority.
Outcome<Json> read_answer(long status, std::string_view body);

}  // namespace ingress::ctl
