// /v1/why?host=: what becomes of a request for a host, and what to do about it.
#pragma once

#include <memory>
#include <unordered_map>

#include "broker/admin/api.h"
#include "broker/admin/why_walk.h"

namespace ingress::broker::admin {

class Why {
 public:
  static constexpr size_t kMaxWalks = 64;  // at a time

  explicit Why(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void explain(const RequestPtr& request, const Reply& reply);

  Api& api_;
  std::unordered_map<uint64_t, std::unique_ptr<WhyWalk>> walks_;
  uint64_t next_walk_ = 0;
};

}  // namespace ingress::broker::admin
