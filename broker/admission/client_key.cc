#include "broker/admission/client_key.h"

#include <arpa/inet.h>

#include <cstddef>

namespace ingress::broker {
namespace {

constexpr size_t kNetworkBytes = 8;

}  // namespace

std::string client_key(std::string_view ip) {
  std::string key(ip);
  in6_addr address{};
  if (inet_pton(AF_INET6, key.c_str(), &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address)) return key;
  key.assign(reinterpret_cast<const char*>(address.s6_addr), kNetworkBytes);
  return key += '/';  // no text of an address
}

}  // namespace ingress::broker
