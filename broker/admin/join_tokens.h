// /v1/join-tokens: with one of them an agent makes its machine. The secret is shown once; its hash never.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class JoinTokens {
 public:
  explicit JoinTokens(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> create(const RequestPtr& request);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);

  Api& api_;
};

}  // namespace ingress::broker::admin
