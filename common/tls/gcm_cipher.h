// AES-128-GCM and AES-256-GCM as OpenSSL's provider interface has ciphers (provider-cipher(7)), over GcmState. Private
// to common/tls.
#pragma once

#include <openssl/core.h>

namespace ingress::tls {

// The tables that a provider's OSSL_ALGORITHM names.
const OSSL_DISPATCH* aes_128_gcm_functions();
const OSSL_DISPATCH* aes_256_gcm_functions();

}  // namespace ingress::tls
