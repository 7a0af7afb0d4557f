// /v1/shares and /v1/shares/{id}: links that let in whoever has one.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Shares {
 public:
  explicit Shares(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void create(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  void update(const RequestPtr& request, const Reply& reply);
  void remove(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

}  // namespace ingress::broker::admin
