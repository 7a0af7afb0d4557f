// /v1/routes and /v1/routes/{id}.
#pragma once

#include "broker/admin/api.h"
#include "broker/store/route_search.h"

namespace ingress::broker::admin {

class Routes {
 public:
  explicit Routes(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void search(const RouteSearch& wanted, const Reply& reply);
  tl::expected<Operation, Answer> create(const RequestPtr& request);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> update(const RequestPtr& request);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);
  // With the hosts of its patterns that are names.
  std::string show(const Route& route) const;

  Api& api_;
};

}  // namespace ingress::broker::admin
