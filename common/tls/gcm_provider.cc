#include "common/tls/gcm_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <string_view>

#include "common/base/log.h"
#include "common/tls/gcm_cipher.h"
#include "common/tls/vaes_gcm.h"

namespace ingress::tls {
namespace {

constexpr char kName[] = "ingress-gcm";
constexpr char kDefinition[] = "provider=ingress-gcm";
constexpr char kPreference[] = "?provider=ingress-gcm";

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
  static const OSSL_ALGORITHM ciphers[] = {
      {"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", kDefinition, aes_256_gcm_functions(), nullptr},
      {"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", kDefinition, aes_128_gcm_functions(), nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  *no_cache = 0;
  return operation == OSSL_OP_CIPHER ? ciphers : nullptr;
}

int init(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** context) {
  static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<void (*)()>(query)},
                                            {0, nullptr}};
  *out = functions;
  *context = nullptr;
  return 1;
}

// A fetch that prefers nothing takes the provider that came first: OpenSSL is asked to activate its own before, which
// it does unless the system's configuration names others.
bool load() {
  OPENSSL_init_ssl(0, nullptr);
  OSSL_PROVIDER_available(nullptr, "default");
  // Never unloaded: sessions may live until the process ends.
  static OSSL_PROVIDER* const provider = OSSL_PROVIDER_add_builtin(nullptr, kName, init) == 1
                                             ? OSSL_PROVIDER_try_load(nullptr, kName, /*retain_fallbacks=*/1)
                                             : nullptr;
  ERR_clear_error();
  return provider != nullptr;
}

bool switched_off() {
  const char* value = std::getenv("INGRESS_AES_GCM");  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  return value != nullptr && std::string_view(value) == "openssl";
}

// nullptr where ours is to be used, else why not.
const char* reason_against() {
  if (OPENSSL_version_major() != 3 || OPENSSL_version_minor() >= 2) return "OpenSSL has AVX-512 forms itself";
  if (!vaes_gcm_runs_here()) return "no VAES with AVX-512 here";
  if (switched_off()) return "INGRESS_AES_GCM";
  return load() ? nullptr : "the provider did not load";
}

}  // namespace

const char* aes_gcm_properties() {
  static const char* const properties = [] {
    const char* const reason = reason_against();
    if (reason == nullptr) {
      log_debug("aes_gcm", {{"by", "ipsec-mb"}});
    } else {
      log_debug("aes_gcm", {{"by", "openssl"}, {"reason", reason}});
    }
    return reason == nullptr ? kPreference : nullptr;
  }();
  return properties;
}

}  // namespace ingress::tls
