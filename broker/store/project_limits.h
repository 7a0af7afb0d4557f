// What a project may have: {"machines":10,"routes":1000}. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace ingress::broker {

struct ProjectLimits {
  int64_t machines = -1;  // that belong to it; -1 for any number
  int64_t routes = -1;
};

// kInvalidArgument, with a sentence, for an unknown key or what is no number from 0 up.
Result<ProjectLimits> parse_limits(std::string_view json, std::string& problem);

}  // namespace ingress::broker
