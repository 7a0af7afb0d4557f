// /v1/session: a browser shows a token once, and is known by its session from then on; who it is known as; its end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/admin/admin_acceptor.h"
#include "broker/admin/router.h"
#include "broker/admin/sessions.h"

namespace ingress::broker::admin {

class Login {
 public:
  // Who shows this, or nullopt.
  using Identify = std::function<std::optional<Identity>(const Credentials&)>;

  Login(Sessions& sessions, std::string version, Identify identify)
      : sessions_(sessions), version_(std::move(version)), identify_(std::move(identify)) {}
  void add_to(Router& router);

 private:
  Answer show(const RequestPtr& request) const;
  Answer open(const RequestPtr& request);
  Answer close(const RequestPtr& request);

  Sessions& sessions_;
  const std::string version_;
  const Identify identify_;
};

}  // namespace ingress::broker::admin
