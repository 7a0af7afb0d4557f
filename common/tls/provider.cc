#include "common/tls/provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "common/base/log.h"
#include "common/tls/gcm_provider.h"
#include "common/tls/key_schedule.h"

namespace ingress::tls {
namespace {

constexpr char kName[] = "ingress";
constexpr char kPreference[] = "?provider=ingress";

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
  *no_cache = 0;
  if (operation == OSSL_OP_KDF) return key_schedule_algorithms();
  return operation == OSSL_OP_CIPHER ? aes_gcm_algorithms() : nullptr;
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
  const bool loaded = provider != nullptr;
  if (!loaded) log_debug("tls_records", {{"by", "openssl"}, {"reason", "the provider did not load"}});
  return loaded;
}

}  // namespace

const char* session_properties() {
  static const bool loaded = load();
  return loaded ? kPreference : nullptr;
}

const char* aes_gcm_properties() { return aes_gcm_algorithms() != nullptr ? session_properties() : nullptr; }

}  // namespace ingress::tls
