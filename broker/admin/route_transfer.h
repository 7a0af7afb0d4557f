// Routes in bulk, one a line (application/x-ndjson): /v1/routes/import takes a body as one transaction, all or nothing;
// /v1/routes/export gives a page of them, and the next one's address in a Link field (RFC 8288). What one gives the
// other takes. A body holds as many lines as keep other changes waiting for a moment alone.
#pragma once

#include "broker/admin/api.h"

namespace ingress::broker::admin {

class RouteTransfer {
 public:
  static constexpr size_t kMaxLines = 1000;

  explicit RouteTransfer(Api& api) : api_(api) {}
  void add_to(Router& router);

 private:
  static tl::expected<Operation, Answer> import(const RequestPtr& request);
  void export_page(const RequestPtr& request, const Reply& reply);

  Api& api_;
};

}  // namespace ingress::broker::admin
