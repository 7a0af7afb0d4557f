// In place of gcm_provider.cc where the library is not there to build with.
#include "common/base/log.h"
#include "common/tls/gcm_provider.h"

namespace ingress::tls {

const char* aes_gcm_properties() {
  static const bool said = [] {
    log_debug("aes_gcm", {{"by", "openssl"}, {"reason", "built without ipsec-mb"}});
    return true;
  }();
  static_cast<void>(said);
  return nullptr;
}

}  // namespace ingress::tls
