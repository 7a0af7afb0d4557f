// Between Address and the kernel's forms of it. Private to common/uv.
#pragma once

#include <sys/socket.h>

#include "common/uv/socket.h"

namespace ingress::uv {

// `address.ip` and port as a sockaddr; false where the IP is none.
bool to_sockaddr(const Address& address, sockaddr_storage& to);

// An IPv4 address inside IPv6 (a dual-stack listener's peer) comes out as IPv4. Empty for families other than IP.
Address from_sockaddr(const sockaddr* from);

}  // namespace ingress::uv
