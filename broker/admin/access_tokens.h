// /v1/tokens: who may use this API, and how far. The secret is shown once, when it is made; its hash never.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class AccessTokens {
 public:
  explicit AccessTokens(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> create(const RequestPtr& request);
  tl::expected<Operation, Answer> rotate(const RequestPtr& request);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);

  Api& api_;
};

// A secret says which token it is of: "iat_…_…" of "at_…". "" where it has another form.
std::string_view access_token_id(std::string_view secret);

}  // namespace ingress::broker::admin
