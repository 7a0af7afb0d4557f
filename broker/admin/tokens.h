// /v1/machines/{id}/tokens: the secret is shown once, when it is made; its hash never.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Tokens {
 public:
  explicit Tokens(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> create(const RequestPtr& request);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);

  Api& api_;
};

}  // namespace ingress::broker::admin
