// The addresses of one name, as this machine finds them. Chosen at build time: name_lookup_libc.cc asks the C library
// (getaddrinfo: all that nsswitch.conf names), name_lookup_cares.cc, for a program that takes no library of its host,
// asks c-ares (/etc/hosts, and the servers of /etc/resolv.conf). Private to common/uv.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/uv/socket.h"

namespace ingress::uv {

class NameLookup {
 public:
  // In the order in which they are to be tried, with port 0; one may come twice. kResolveFailed, retryable, where there
  // is none; its context is what the resolver says.
  using OnDone = std::function<void(Result<std::vector<Address>>)>;

  // `name` is not numeric. Destroying it gives up. Calls back once, later; it may be destroyed in that call.
  static std::unique_ptr<NameLookup> start(Loop& loop, const std::string& name, OnDone on_done);
  virtual ~NameLookup() = default;
};

}  // namespace ingress::uv
