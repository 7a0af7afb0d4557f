// In place of gcm_provider.cc where the library is not there to build with.
#include "common/base/log.h"
#include "common/tls/gcm_provider.h"
#include "common/tls/record_cipher.h"

namespace ingress::tls {

const OSSL_ALGORITHM* aes_gcm_algorithms() {
  static const bool said = [] {
    log_debug("aes_gcm", {{"by", "openssl"}, {"reason", "built without ipsec-mb"}});
    return true;
  }();
  static_cast<void>(said);
  return nullptr;
}

std::unique_ptr<RecordCipher> new_vaes_record_cipher(Bytes) { return nullptr; }

}  // namespace ingress::tls
