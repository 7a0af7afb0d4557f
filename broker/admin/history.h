// /v1/history: the last hour of what the broker serves, for who looks at it later than it was. Thread: the loop's.
#pragma once

#include "broker/admin/api.h"
#include "broker/admin/traffic_history.h"
#include "common/uv/timer.h"

namespace ingress::broker::admin {

class History {
 public:
  static constexpr Duration kStep{5000};

  explicit History(Api& api);
  void add_to(Router& router);

 private:
  Answer show(const RequestPtr& request) const;
  void look();

  Api& api_;
  TrafficHistory steps_;
  uv::Timer timer_;
};

}  // namespace ingress::broker::admin
