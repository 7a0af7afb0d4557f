// Between Address and the kernel's forms of it. Private to common/uv.
#pragma once

#include <sys/socket.h>

#include "common/uv/socket.h"

namespace ingress::uv {

// `address.ip` and port as a sockaddr; false where the IP is none.
bool to_sockaddr(const Address& address, sockaddr_storage& to);

// An IPv4 address inside IPv6 (a dual-stack listener's peer) comes out as IPv4. Empty for families other than IP.
Address from_sockaddr(const sockaddr* from);

// Of a socket; one system call each. Empty for Unix sockets, and where the kernel no longer knows.
Address peer_of(int fd);
Address local_of(int fd);

// For a socket whose peers are on this machine alone (a loopback address), before it is connected or listens:
// congestion control that does not pace what it sends, as BBR does, which arms a timer for every few segments
// (docs/decisions/0016-no-pacing-on-loopback.md).
void send_unpaced(int fd);

// True where the peer has reset the connection, or a Unix peer closed it.
bool is_disconnected(int fd);
// How many bytes the kernel holds that the peer's has not acknowledged.
size_t held_output(int fd);
// How many bytes the peer's has acknowledged since the connection began; 0 where it is no TCP socket.
uint64_t acknowledged_by_peer(int fd);

}  // namespace ingress::uv
