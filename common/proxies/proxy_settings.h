// What is taken from proxies in front. Plain value.
#pragma once

#include "common/proxies/trusted_proxies.h"

namespace ingress::proxies {

struct ProxySettings {
  TrustedProxies trusted;  // whose X-Forwarded-* are believed
  bool header = false;     // and whose connections begin with a PROXY header

  bool operator==(const ProxySettings&) const = default;
};

}  // namespace ingress::proxies
