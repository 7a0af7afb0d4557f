// Listening sockets that this process was started with: by systemd's socket activation (LISTEN_PID, LISTEN_FDS), or by
// a supervisor of ours (INGRESS_LISTEN_FDS, without a PID, which nobody knows before the fork). They are numbered
// from 3. Thread: the main one.
#pragma once

#include <vector>

#include "common/uv/owned_fd.h"
#include "common/uv/socket.h"

namespace ingress::uv {

constexpr const char* kListenFdsVariable = "INGRESS_LISTEN_FDS";

// The inherited socket that is bound to `address`; not valid where there is none (any more). An any-address of one
// family is found by that of the other, too, where its own has none: systemd binds [::] for a bare port.
OwnedFd take_inherited_socket(const Address& address);

// `addresses`, and behind them the other family's any-address where sockets of both came in for one of them (systemd's
// BindIPv6Only=ipv6-only): so the listener at either takes IPv4 and IPv6.
std::vector<Address> with_inherited(const std::vector<Address>& addresses);

// Once all listeners are there: closes what none has taken, and says where those were bound.
std::vector<Address> close_unused_sockets();

// Whether there is one to be taken.
bool is_inherited(const Address& address);

// Binds `address` where no inherited socket is bound to it, so that take_inherited_socket() finds one from then on.
Status hold_socket(const Address& address);

// A listening socket that nobody accepts from, to be passed on to a child. `mode` is the file mode of a Unix socket.
Result<OwnedFd> bind_listener(const Address& address, int mode = 0600);

}  // namespace ingress::uv
