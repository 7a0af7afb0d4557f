// Whether an address can be listened at. Thread: any.
#pragma once

#include "common/uv/socket.h"

namespace ingress::uv {

// True where a listener could be bound there now: the address is this machine's, this user may have the port, and
// nobody else has it; of 0.0.0.0 both families, as a listener there takes both. An IPv6 address is asked for alone,
// without IPv4's. False for Unix sockets.
bool is_free(const Address& address);

// This machine's addresses that are up, but for loopback and link-local ones: how others of its network reach it.
std::vector<std::string> network_addresses();

}  // namespace ingress::uv
