// What a project may have: {"machines":10,"routes":1000,"streams":200,"bytes_per_second":"10m"}. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/policy/policy.h"
#include "common/base/error.h"

namespace ingress::broker {

struct ProjectLimits {
  int64_t machines = -1;  // that belong to it; -1 for any number
  int64_t routes = -1;
  // Of all requests to it together.
  int64_t streams = -1;           // running at once
  int64_t bytes_per_second = -1;  // both ways
};

// kInvalidArgument, with a sentence, for an unknown key or what is no number from 0 up.
Result<ProjectLimits> parse_limits(std::string_view json, std::string& problem);

// What of them holds for its requests; null for nothing, and for limits that cannot be read.
std::shared_ptr<const RateRule> quota_of(std::string_view limits);

}  // namespace ingress::broker
