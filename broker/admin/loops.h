// /v1/loops: what each loop of the broker has and has done.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Loops {
 public:
  explicit Loops(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

}  // namespace ingress::broker::admin
