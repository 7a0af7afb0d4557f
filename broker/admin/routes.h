// /v1/routes and /v1/routes/{id}.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Routes {
 public:
  explicit Routes(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void create(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  void update(const RequestPtr& request, const Reply& reply);
  void remove(const RequestPtr& request, const Reply& reply);
  // With the hosts of its patterns that are names.
  std::string show(const Route& route) const;

  Api& api_;
};

}  // namespace ingress::broker::admin
