#include "tests/bench/upgrade/upgrade.h"

namespace upgrade {

std::unique_ptr<soak::Stream> open(int port, ssl_ctx_st* tls, const std::string& host) {
  std::unique_ptr<soak::Stream> stream = soak::Stream::connect(port, tls);
  if (stream == nullptr) return nullptr;
  const bool asked = stream->write("GET /socket HTTP/1.1\r\nHost: " + host +
                                   "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  if (!asked || !stream->read_head().starts_with("HTTP/1.1 101 ")) return nullptr;
  return stream;
}

}  // namespace upgrade
