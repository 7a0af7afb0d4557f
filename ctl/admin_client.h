// Requests to the admin API, one after the other, over one connection. Blocking.
#pragma once

#include <memory>
#include <string>

#include "ctl/admin_address.h"
#include "ctl/outcome.h"

namespace ingress::ctl {

class AdminClient {
 public:
  // `token` "" sends none.
  AdminClient(AdminAddress address, std::string token);
  ~AdminClient();

  // `path` with its query. `body` null sends none.
  Outcome<Json> ask(const std::string& method, const std::string& path, const Json& body = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ingress::ctl
