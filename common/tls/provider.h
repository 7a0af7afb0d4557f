// The algorithms of ours that OpenSSL's handshakes use in place of its own: a provider (provider(7)) within this
// process. Private to common/tls.
#pragma once

namespace ingress::tls {

// What an OSSL_ALGORITHM of the provider says of itself.
constexpr char kProviderDefinition[] = "provider=ingress";

// What SSL_CTX_new_ex is to ask for its algorithms: a preference for our key schedule (key_schedule.h) and AES-GCM
// (gcm_provider.h), everything else staying OpenSSL's. The first call makes the provider known to OpenSSL; fetches that
// prefer nothing still find OpenSSL's own. nullptr where it does not load: sessions then tell no secrets, and their
// records stay with OpenSSL. Thread: any.
const char* session_properties();

// The same preference for a fetch of AES-GCM; nullptr where that is OpenSSL's.
const char* aes_gcm_properties();

}  // namespace ingress::tls
