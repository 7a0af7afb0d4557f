// /v1/traffic: what was counted for each machine that requests lately came for; rates are the caller's to work out.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Traffic {
 public:
  explicit Traffic(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

}  // namespace ingress::broker::admin
