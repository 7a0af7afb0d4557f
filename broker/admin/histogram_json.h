// A histogram's buckets as JSON. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "broker/admin/json_object.h"
#include "broker/observe/traffic_counts.h"

namespace ingress::broker::admin {

// The upper bounds of the buckets in milliseconds; the last bucket has none.
std::string bounds_json();

template <class Number>
std::string counts_json(std::span<const Number> counts) {
  JsonArray buckets;
  for (const Number count : counts) buckets.add(std::to_string(count));
  return std::move(buckets).take();
}

}  // namespace ingress::broker::admin
