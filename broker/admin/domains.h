// /v1/domains and /v1/domains/{name}: custom domains of projects.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Domains {
 public:
  explicit Domains(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> add(const RequestPtr& request);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);
  std::string show(const Domain& domain) const;

  Api& api_;
};

}  // namespace ingress::broker::admin
