// /v1/batch: several changes as one transaction, all or nothing. A later one may name what an earlier one made.
// With dryRun they are run and taken back: what would refuse them does.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Batch {
 public:
  static constexpr size_t kMaxOperations = 1000;

  // The operations are those that `router` has changes for.
  Batch(Api& api, const Router& router) : api_(api), router_(router) {}
  void add_to(Router& router);

 private:
  void run(const RequestPtr& request, const Reply& reply);

  Api& api_;
  const Router& router_;
};

}  // namespace ingress::broker::admin
