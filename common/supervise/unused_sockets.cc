#include "common/supervise/unused_sockets.h"

#include "common/base/log.h"
#include "common/uv/inherited_sockets.h"

namespace ingress::supervise {

void close_unused_sockets() {
  for (const uv::Address& address : uv::close_unused_sockets()) {
    log_warn("socket_unused",
             {{"address", address.to_text()}, {"hint", "it was passed in, and no listener is at that address"}});
  }
}

}  // namespace ingress::supervise
