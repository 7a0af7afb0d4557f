// /v1/broker: the process that serves, and its upgrade where a supervisor of ours is its parent.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class BrokerProcess {
 public:
  explicit BrokerProcess(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void show(const RequestPtr& request, const Reply& reply);
  void upgrade(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

}  // namespace ingress::broker::admin
