// The report of `why HOST` for people. Pure.
#pragma once

#include <string>

#include "ctl/outcome.h"

namespace ingress::ctl {

// A line a step, its advice below it, and at the end the first thing that is wrong.
std::string why_text(const Json& report);

}  // namespace ingress::ctl
