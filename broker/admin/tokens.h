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
  void create(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  void remove(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

// "itk_" and 256 random bits in base64url.
std::string new_secret();

}  // namespace ingress::broker::admin
