// What one loop's listeners have, and have done. Plain value.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingress::broker {

struct ConnectionCounts {
  // Connections of clients now, by protocol.
  size_t clear_http1 = 0;
  size_t clear_http2 = 0;
  size_t tls_http1 = 0;
  size_t tls_http2 = 0;
  size_t handshakes = 0;            // under way
  uint64_t handshakes_done = 0;     // so far, of clients and agents
  uint64_t handshakes_failed = 0;   // broken off before they were done
  uint64_t handshakes_refused = 0;  // by --handshake-rate
  uint64_t proxy_headers_refused = 0;
};

}  // namespace ingress::broker
