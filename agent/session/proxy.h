// Whether the way to the broker leads through an HTTP proxy: HTTPS_PROXY and NO_PROXY, read as curl reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/session/broker_url.h"
#include "agent/session/reply_head.h"
#include "common/base/error.h"

namespace ingress::agent {

struct Proxy {
  std::string host;
  int port = 80;
  std::string authorization;  // value of Proxy-Authorization, "" for none

  std::string authority() const { return authority_of(host, port); }
};

// What the environment says. Empty texts count as unset.
struct ProxyEnvironment {
  std::string https_proxy;  // [http://][user[:password]@]host[:port]
  std::string no_proxy;     // names (with their subdomains), name:port, addresses, address blocks (10.0.0.0/8), or *

  // https_proxy before HTTPS_PROXY, no_proxy before NO_PROXY.
  static ProxyEnvironment read();
};

// The proxy for that broker, or none. A sentence where the proxy can't be used (https:// and socks proxies).
tl::expected<std::optional<Proxy>, std::string> choose_proxy(const ProxyEnvironment& environment,
                                                             const BrokerUrl& broker);

bool is_exempt(std::string_view no_proxy, const BrokerUrl& broker);

// The request that opens a way to `broker` through `proxy` (RFC 9110, 9.3.6).
std::string connect_request(const Proxy& proxy, const BrokerUrl& broker);

// The proxy's answer to it, in any split.
class ConnectReply {
 public:
  // True once the head is whole and good: what follows is the broker's. An error (as ReplyHead's, or kUnauthorized,
  // kConnectFailed with status()) is final.
  Result<bool> receive(Bytes bytes);
  int status() const { return head_.status(); }

 private:
  ReplyHead head_;
};

}  // namespace ingress::agent
