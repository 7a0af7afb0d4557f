// Questions to DNS servers, by c-ares: records as they are, without /etc/hosts and search domains. (Addresses to
// connect to are uv::Resolving's.) Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/uv/loop.h"

namespace ingress::dns {

struct Addresses {
  std::vector<std::string> ips;      // A and AAAA, without order
  std::vector<std::string> aliases;  // where CNAMEs lead, in lower case, without a dot at the end
};

class Resolver {
 public:
  // Each has its strings joined (RFC 7208, 3.3).
  using OnTexts = std::function<void(Result<std::vector<std::string>>)>;
  using OnAddresses = std::function<void(Result<Addresses>)>;

  // `servers`: "192.0.2.1", "192.0.2.1:53,[2001:db8::1]:53"; "" for those of /etc/resolv.conf. kInvalidArgument for
  // other text. Each question has some ten seconds in all.
  static Result<std::unique_ptr<Resolver>> make(uv::Loop& loop, const std::string& servers);
  // Gives up what is under way: nobody is called any more.
  virtual ~Resolver() = default;

  // A name that is not there, or has no such record, has none of them: that is no error. kResolveFailed where the
  // servers do not answer, or refuse. Calls back once, later; the call may destroy the resolver.
  virtual void texts(const std::string& name, OnTexts on_done) = 0;
  virtual void addresses(const std::string& name, OnAddresses on_done) = 0;
};

// Whether `servers` is good for make().
bool are_servers(const std::string& servers);

}  // namespace ingress::dns
