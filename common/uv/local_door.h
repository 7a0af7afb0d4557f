// Unix sockets between processes that one parent starts: each child inherits its listening door, and later children a
// connection to it. A door has no path; its name is the kernel's choice, and who accepts looks at who connected.
#pragma once

#include "common/base/error.h"
#include "common/uv/owned_fd.h"

namespace ingress::uv {

Result<OwnedFd> make_local_door();
// A connection to it, that waits in its queue to be accepted.
Result<OwnedFd> connect_to_local_door(const OwnedFd& door);
// Whether the process made the connection that started this one.
bool is_connected_by_parent(const OwnedFd& connection);

}  // namespace ingress::uv
