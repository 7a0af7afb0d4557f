#include "common/tls/library.h"

#include <openssl/crypto.h>

namespace ingress::tls {

void ignore_system_configuration() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

}  // namespace ingress::tls
