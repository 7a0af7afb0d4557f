// /v1/projects/{slug}/services and /v1/projects/{slug}/services/{name}.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Services {
 public:
  explicit Services(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> put(const RequestPtr& request);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);
  std::string show(const Service& service) const;

  Api& api_;
};

}  // namespace ingress::broker::admin
