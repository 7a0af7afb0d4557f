// /v1/machines and /v1/machines/{id}.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Machines {
 public:
  explicit Machines(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> create(const RequestPtr& request);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> update(const RequestPtr& request);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);
  // With its hosts (those that concern the role), whether a tunnel is up, how it is used, and the ports that listen.
  std::string show(const Machine& machine, const Role& role) const;
  std::string listening(const Machine& machine) const;
  std::string activity(const Machine& machine) const;

  Api& api_;
};

}  // namespace ingress::broker::admin
