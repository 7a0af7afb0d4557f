// What a browser says of a request: by which name it came here, and from where. Both keep pages of others from reaching
// the admin through the browser of somebody who may (DNS rebinding, cross-site requests). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/head.h"

namespace ingress::broker::admin {

// Names by which the admin is called: loopback names, addresses (nobody can rebind one), and those that are given; no
// name under a domain of the broker's, where the tenants are.
class HostList {
 public:
  // In lower case, without a port.
  HostList(std::vector<std::string> names, std::vector<std::string> domains)
      : names_(std::move(names)), domains_(std::move(domains)) {}

  // `host` as the Host field has it. On a Unix socket any name without a dot is as good: programs make one up.
  bool has(std::string_view host, bool on_unix_socket) const;

 private:
  bool is_tenants(std::string_view name) const;

  std::vector<std::string> names_;
  std::vector<std::string> domains_;
};

// Whether it says that another origin had it made (Sec-Fetch-Site; Origin against Host where there is none). Where it
// says nothing, `unsaid` is the answer.
bool from_elsewhere(const http::Fields& fields, bool unsaid);

}  // namespace ingress::broker::admin
