#include "common/tls/gcm_provider.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <string_view>

#include "common/base/log.h"
#include "common/tls/gcm_cipher.h"
#include "common/tls/provider.h"
#include "common/tls/vaes_gcm.h"

namespace ingress::tls {
namespace {

bool switched_off() {
  const char* value = std::getenv("INGRESS_AES_GCM");  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  return value != nullptr && std::string_view(value) == "openssl";
}

// nullptr where ours is to be used, else why not.
const char* reason_against() {
  if (OPENSSL_version_major() != 3 || OPENSSL_version_minor() >= 2) return "OpenSSL has AVX-512 forms itself";
  if (!vaes_gcm_runs_here()) return "no VAES with AVX-512 here";
  return switched_off() ? "INGRESS_AES_GCM" : nullptr;
}

}  // namespace

const OSSL_ALGORITHM* aes_gcm_algorithms() {
  static const OSSL_ALGORITHM ciphers[] = {
      {"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", kProviderDefinition, aes_256_gcm_functions(), nullptr},
      {"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", kProviderDefinition, aes_128_gcm_functions(), nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  static const char* const against = [] {
    const char* const reason = reason_against();
    if (reason == nullptr) {
      log_debug("aes_gcm", {{"by", "ipsec-mb"}});
    } else {
      log_debug("aes_gcm", {{"by", "openssl"}, {"reason", reason}});
    }
    return reason;
  }();
  return against == nullptr ? ciphers : nullptr;
}

}  // namespace ingress::tls
