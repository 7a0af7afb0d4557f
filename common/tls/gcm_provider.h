// Which implementation of AES-GCM the TLS of this process uses. OpenSSL before 3.2 knows no AVX-512 forms of it and
// takes 2.6 times as long for a full record as Intel's routines do (docs/decisions/0005-aes-gcm-by-ipsec-mb.md).
// Private to common/tls.
#pragma once

namespace ingress::tls {

// What SSL_CTX_new_ex is to ask for its algorithms: a preference for our AES-GCM, everything else staying OpenSSL's; or
// nullptr (no preference) where it was not built in, this processor cannot run it, OpenSSL knows better, or the
// variable INGRESS_AES_GCM says `openssl`. The first call makes the provider known to OpenSSL and logs the choice at
// debug level; plain fetches of AES-GCM still find OpenSSL's. Thread: any.
const char* aes_gcm_properties();

}  // namespace ingress::tls
