// Apart from the other socket options: the kernel's header, which knows tcpi_bytes_acked, excludes <netinet/tcp.h>.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/uv/sock_address.h"

namespace ingress::uv {

uint64_t acknowledged_by_peer(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_acked : 0;
}

}  // namespace ingress::uv
