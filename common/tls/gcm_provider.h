// Which implementation of AES-GCM the TLS of this process uses. OpenSSL before 3.2 knows no AVX-512 forms of it and
// takes 2.6 times as long for a full record as Intel's routines do (docs/decisions/0005-aes-gcm-by-ipsec-mb.md).
// Private to common/tls.
#pragma once

#include <openssl/core.h>

namespace ingress::tls {

// Our AES-GCM, for a provider's table; nullptr where it was not built in, this processor cannot run it, OpenSSL knows
// better, or the variable INGRESS_AES_GCM says `openssl`. The first call logs the choice at debug level. Thread: any.
const OSSL_ALGORITHM* aes_gcm_algorithms();

}  // namespace ingress::tls
