// /v1/tunnels and /v1/tunnels/{id}: what is up now; DELETE closes one (GOAWAY first).
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class Tunnels {
 public:
  explicit Tunnels(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  void list(const RequestPtr& request, const Reply& reply);
  void get(const RequestPtr& request, const Reply& reply);
  void close(const RequestPtr& request, const Reply& reply);

  bool seen(const Role& role, const TunnelInfo& tunnel) const;
  void with_one(const RequestPtr& request, const Reply& reply, std::function<void(const TunnelInfo&)> on_found);

  Api& api_;
};

}  // namespace ingress::broker::admin
