// The key schedule of TLS 1.3 (RFC 8446, 7.1) as OpenSSL's handshakes use it: its KDF "TLS13-KDF" in a provider of
// ours. It makes what OpenSSL's own makes, and tells the secrets of application data to the session that they belong to
// (handshake_secrets.h). OpenSSL has one other way to tell them, its key log, which prints five secrets byte by byte.
// Private to common/tls.
#pragma once

#include <openssl/core.h>

namespace ingress::tls {

// For a provider's table.
const OSSL_ALGORITHM* key_schedule_algorithms();

}  // namespace ingress::tls
