// /v1/policy?host=HOST[/PATH]: what holds for requests to a host, key by key, and where each key comes from.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Effective {
 public:
  explicit Effective(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void get(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

}  // namespace ingress::broker::admin
