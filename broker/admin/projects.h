// /v1/projects, /v1/projects/{slug} and the machine that is attached, /v1/projects/{slug}/machine.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Projects {
 public:
  explicit Projects(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> create(const RequestPtr& request);
  void get(const RequestPtr& request, const Reply& reply);
  tl::expected<Operation, Answer> update(const RequestPtr& request);
  tl::expected<Operation, Answer> remove(const RequestPtr& request);
  tl::expected<Operation, Answer> attach(const RequestPtr& request);
  tl::expected<Operation, Answer> detach(const RequestPtr& request);
  std::string show(const Project& project) const;
  Answer shown(const Project& project) const;

  Api& api_;
};

}  // namespace ingress::broker::admin
