// `/` and /dashboard/…: the dashboard's files, as they are in the program. They hold no data: the page asks this API
// for it, as whoever has logged in. Open to all who reach the port by one of the admin's names.
#pragma once

#include "broker/admin/router.h"

namespace ingress::broker::admin {

class Pages {
 public:
  static void add_to(Router& router);
};

}  // namespace ingress::broker::admin
