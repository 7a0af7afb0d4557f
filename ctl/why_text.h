// The report of `why HOST` for people, and the host in what a user pastes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ctl/outcome.h"

namespace ingress::ctl {

// "https://misha.iterate.app:8443/a?b" → "misha.iterate.app:8443".
std::string host_of(std::string_view pasted);

// A line a step, its advice below it, and at the end the first thing that is wrong.
std::string why_text(const Json& report);

}  // namespace ingress::ctl
