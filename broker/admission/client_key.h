// What counts as one client where a limit is per client address. Pure.
#pragma once

#include <string>
#include <string_view>

namespace ingress::broker {

// The address; of IPv6 its /64, one customer's network as a rule: who has one has all of its addresses. Bytes, no text.
std::string client_key(std::string_view ip);

}  // namespace ingress::broker
