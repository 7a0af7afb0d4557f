// /v1/changes: the audit log, oldest first, from a revision on.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Changes {
 public:
  explicit Changes(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

}  // namespace ingress::broker::admin
