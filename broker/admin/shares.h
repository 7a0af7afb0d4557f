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
  tl::expected<Operation, Answer> create(const RequestPtr& request);
  bool may_share(const Resolution& host, const Role& role) const;
  Answer leads_nowhere(const Share& share, const Role& role, const std::string& why) const;
  void get(const RequestPtr& request, const Reply& reply);
  static tl::expected<Operation, Answer> update(const RequestPtr& request);
  static tl::expected<Operation, Answer> remove(const RequestPtr& request);

  Api& api_;
};

}  // namespace ingress::broker::admin
