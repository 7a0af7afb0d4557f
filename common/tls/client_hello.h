// The server name (SNI) in the first bytes of a TLS connection, before any session reads them. No I/O, no OpenSSL.
#pragma once

#include "common/base/bytes.h"
#include "common/base/peek.h"

namespace ingress::tls {

// Beyond this a ClientHello is not waited for.
inline constexpr size_t kMaxClientHelloBytes = size_t{16} * 1024;

// `bytes`: all that has come, from the connection's first byte on; the ClientHello may be split over records and over
// reads in any way. Whatever is malformed, or has no name, is kNone: the handshake will say what is wrong with it.
Peek peek_server_name(Bytes bytes);

}  // namespace ingress::tls
